import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import type { AuthorizationCodesTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type AuthorizationCodeRow = Selectable<AuthorizationCodesTable>

export function insertAuthorizationCode({ db }: Store, row: AuthorizationCodeRow): Statement {
  return statement(db.insertInto('authorization_codes').values(row))
}

export function findAuthorizationCode(
  { db }: Store,
  companyId: number,
  codeHash: Uint8Array,
): Promise<AuthorizationCodeRow | undefined> {
  return db
    .selectFrom('authorization_codes')
    .select(columns.authorization_codes)
    .where('company_id', '=', companyId)
    .where('code_hash', '=', codeHash)
    .executeTakeFirst()
}

/** Holds only for the first use, and while it allows what was read. */
export function spendAuthorizationCode({ db }: Store, code: AuthorizationCodeRow, usedAt: number): Statement {
  return expecting(
    1,
    db
      .updateTable('authorization_codes')
      .set({ used_at: usedAt })
      .where('company_id', '=', code.company_id)
      .where('code_hash', '=', code.code_hash)
      .where('scopes', '=', code.scopes)
      .where('used_at', 'is', null),
  )
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
