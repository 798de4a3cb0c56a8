import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { AccessTokensTable } from '../schema.ts'
import { type Statement, type Store, statement } from '../store.ts'
import type { Family } from './families.ts'

export type AccessTokenRow = Selectable<AccessTokensTable>

const insertion = new PreparedQuery((db, row: AccessTokenRow) =>
  db.insertInto('access_tokens').values({
    company_id: row.company_id,
    token_hash: row.token_hash,
    user_id: row.user_id,
    client_id: row.client_id,
    family_id: row.family_id,
    scopes: row.scopes,
    created_at: row.created_at,
    expires_at: row.expires_at,
    resources: row.resources,
    jkt: row.jkt,
  }),
)

export function insertAccessToken(store: Store, row: AccessTokenRow): Statement {
  return insertion.statement(store, row)
}

const byHash = new PreparedQuery((db, { companyId, tokenHash }: { companyId: number; tokenHash: Uint8Array }) =>
  db
    .selectFrom('access_tokens')
    .select(columns.access_tokens)
    .where('company_id', '=', companyId)
    .where('token_hash', '=', tokenHash),
)

export function findAccessToken(
  store: Store,
  companyId: number,
  tokenHash: Uint8Array,
): Promise<AccessTokenRow | undefined> {
  return byHash.first(store, { companyId, tokenHash })
}

export function deleteAccessToken({ db }: Store, companyId: number, tokenHash: Uint8Array): Statement {
  return statement(
    db.deleteFrom('access_tokens').where('company_id', '=', companyId).where('token_hash', '=', tokenHash),
  )
}

const sweep = new PreparedQuery((db, { company_id, user_id, client_id, family_id, now }: Family & { now: number }) =>
  db
    .deleteFrom('access_tokens')
    .where('company_id', '=', company_id)
    .where('user_id', '=', user_id)
    .where('client_id', '=', client_id)
    .where('family_id', '=', family_id)
    .where('expires_at', '<=', now),
)

/** Clears a family's access tokens that have run out; each refresh sweeps its own family. */
export function deleteExpiredAccessTokens(store: Store, family: Family, now: number): Statement {
  const { company_id, user_id, client_id, family_id } = family
  return sweep.statement(store, { company_id, user_id, client_id, family_id, now })
}
