import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { RefreshTokensTable } from '../schema.ts'
import { expecting, type Statement, type Store } from '../store.ts'

export type RefreshTokenRow = Selectable<RefreshTokensTable>

const insertion = new PreparedQuery((db, row: RefreshTokenRow) =>
  db.insertInto('refresh_tokens').values({
    company_id: row.company_id,
    token_hash: row.token_hash,
    user_id: row.user_id,
    client_id: row.client_id,
    family_id: row.family_id,
    scopes: row.scopes,
    created_at: row.created_at,
    expires_at: row.expires_at,
    used_at: row.used_at,
    access_generation: row.access_generation,
    openid: row.openid,
    resources: row.resources,
    jkt: row.jkt,
  }),
)

export function insertRefreshToken(store: Store, row: RefreshTokenRow): Statement {
  return insertion.statement(store, row)
}

const byHash = new PreparedQuery((db, { companyId, tokenHash }: { companyId: number; tokenHash: Uint8Array }) =>
  db
    .selectFrom('refresh_tokens')
    .select(columns.refresh_tokens)
    .where('company_id', '=', companyId)
    .where('token_hash', '=', tokenHash),
)

export function findRefreshToken(
  store: Store,
  companyId: number,
  tokenHash: Uint8Array,
): Promise<RefreshTokenRow | undefined> {
  return byHash.first(store, { companyId, tokenHash })
}

const firstUse = new PreparedQuery(
  (db, token: Pick<RefreshTokenRow, 'company_id' | 'token_hash' | 'scopes'> & { usedAt: number }) =>
    db
      .updateTable('refresh_tokens')
      .set({ used_at: token.usedAt })
      .where('company_id', '=', token.company_id)
      .where('token_hash', '=', token.token_hash)
      .where('scopes', '=', token.scopes)
      .where('used_at', 'is', null),
)

/** Holds only for the first use, and while it allows what was read: scopes can be taken back. */
export function spendRefreshToken(
  store: Store,
  { company_id, token_hash, scopes }: RefreshTokenRow,
  usedAt: number,
): Statement {
  return firstUse.expecting(1, store, { company_id, token_hash, scopes, usedAt })
}

/** Holds only while it was not used up, and allows what was read. */
export function putOffRefreshToken({ db }: Store, token: RefreshTokenRow, expiresAt: number): Statement {
  return expecting(
    1,
    db
      .updateTable('refresh_tokens')
      .set({ expires_at: expiresAt })
      .where('company_id', '=', token.company_id)
      .where('token_hash', '=', token.token_hash)
      .where('scopes', '=', token.scopes)
      .where('used_at', 'is', null),
  )
}

/** Puts another time of first use in the place of one that cannot be right. */
export function correctFirstUse({ db }: Store, token: RefreshTokenRow, usedAt: number): Statement {
  return expecting(
    1,
    db
      .updateTable('refresh_tokens')
      .set({ used_at: usedAt })
      .where('company_id', '=', token.company_id)
      .where('token_hash', '=', token.token_hash)
      .where('used_at', '=', token.used_at),
  )
}

/** Holds only while no other retry has given the next access token, and it allows what was read. */
export function advanceAccessGeneration({ db }: Store, token: RefreshTokenRow): Statement {
  return expecting(
    1,
    db
      .updateTable('refresh_tokens')
      .set({ access_generation: token.access_generation + 1 })
      .where('company_id', '=', token.company_id)
      .where('token_hash', '=', token.token_hash)
      .where('scopes', '=', token.scopes)
      .where('access_generation', '=', token.access_generation),
  )
}

/** Holds only while it is there. */
export function deleteRefreshToken({ db }: Store, token: RefreshTokenRow): Statement {
  return expecting(
    1,
    db
      .deleteFrom('refresh_tokens')
      .where('company_id', '=', token.company_id)
      .where('token_hash', '=', token.token_hash),
  )
}
