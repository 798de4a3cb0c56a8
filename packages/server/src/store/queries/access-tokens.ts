import type { Selectable } from 'kysely'
import type { AccessTokensTable } from '../schema.ts'
import { type Statement, type Store, statement } from '../store.ts'
import type { Family } from './families.ts'

export type AccessTokenRow = Selectable<AccessTokensTable>

export function insertAccessToken({ db }: Store, row: AccessTokenRow): Statement {
  return statement(db.insertInto('access_tokens').values(row))
}

export function findAccessToken(
  { db }: Store,
  companyId: number,
  tokenHash: Uint8Array,
): Promise<AccessTokenRow | undefined> {
  return db
    .selectFrom('access_tokens')
    .selectAll()
    .where('company_id', '=', companyId)
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst()
}

export function deleteAccessToken({ db }: Store, companyId: number, tokenHash: Uint8Array): Statement {
  return statement(
    db.deleteFrom('access_tokens').where('company_id', '=', companyId).where('token_hash', '=', tokenHash),
  )
}

/** Clears a family's access tokens that have run out; each refresh sweeps its own family. */
export function deleteExpiredAccessTokens({ db }: Store, family: Family, now: number): Statement {
  return statement(
    db
      .deleteFrom('access_tokens')
      .where('company_id', '=', family.company_id)
      .where('user_id', '=', family.user_id)
      .where('client_id', '=', family.client_id)
      .where('family_id', '=', family.family_id)
      .where('expires_at', '<=', now),
  )
}
