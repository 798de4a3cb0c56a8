import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { AuthorizationCodesTable } from '../schema.ts'
import { expecting, type Statement, type Store } from '../store.ts'

export type AuthorizationCodeRow = Selectable<AuthorizationCodesTable>

const insertion = new PreparedQuery((db, row: AuthorizationCodeRow) =>
  db.insertInto('authorization_codes').values({
    company_id: row.company_id,
    code_hash: row.code_hash,
    user_id: row.user_id,
    client_id: row.client_id,
    family_id: row.family_id,
    redirect_uri: row.redirect_uri,
    scopes: row.scopes,
    code_challenge: row.code_challenge,
    created_at: row.created_at,
    expires_at: row.expires_at,
    used_at: row.used_at,
    openid: row.openid,
    resources: row.resources,
    jkt: row.jkt,
  }),
)

export function insertAuthorizationCode(store: Store, row: AuthorizationCodeRow): Statement {
  return insertion.statement(store, row)
}

const byHash = new PreparedQuery((db, { companyId, codeHash }: { companyId: number; codeHash: Uint8Array }) =>
  db
    .selectFrom('authorization_codes')
    .select(columns.authorization_codes)
    .where('company_id', '=', companyId)
    .where('code_hash', '=', codeHash),
)

export function findAuthorizationCode(
  store: Store,
  companyId: number,
  codeHash: Uint8Array,
): Promise<AuthorizationCodeRow | undefined> {
  return byHash.first(store, { companyId, codeHash })
}

const firstUse = new PreparedQuery(
  (db, code: Pick<AuthorizationCodeRow, 'company_id' | 'code_hash' | 'scopes'> & { usedAt: number }) =>
    db
      .updateTable('authorization_codes')
      .set({ used_at: code.usedAt })
      .where('company_id', '=', code.company_id)
      .where('code_hash', '=', code.code_hash)
      .where('scopes', '=', code.scopes)
      .where('used_at', 'is', null),
)

/** Holds only for the first use, and while it allows what was read. */
export function spendAuthorizationCode(
  store: Store,
  { company_id, code_hash, scopes }: AuthorizationCodeRow,
  usedAt: number,
): Statement {
  return firstUse.expecting(1, store, { company_id, code_hash, scopes, usedAt })
}

/** Holds only while it is there. */
export function deleteAuthorizationCode({ db }: Store, code: AuthorizationCodeRow): Statement {
  return expecting(
    1,
    db
      .deleteFrom('authorization_codes')
      .where('company_id', '=', code.company_id)
      .where('code_hash', '=', code.code_hash),
  )
}
