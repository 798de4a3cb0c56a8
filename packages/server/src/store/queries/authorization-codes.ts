import { type Selectable, sql } from 'kysely'
import { columns } from '../columns.ts'
import type { AuthorizationCodesTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import type { Family } from './families.ts'

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

/** The used codes of a family of which no refresh token is left. */
export function deleteCodesOfEndedFamily(
  { db }: Store,
  { company_id, user_id, client_id, family_id }: Pick<AuthorizationCodeRow, keyof Family>,
): Statement {
  return statement(
    db
      .deleteFrom('authorization_codes')
      .where('company_id', '=', company_id)
      .where('user_id', '=', user_id)
      .where('client_id', '=', client_id)
      .where('family_id', '=', family_id)
      .where('used_at', 'is not', null)
      .where(eb =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('refresh_tokens as token')
              .select(sql`1`.as('one'))
              .where('token.company_id', '=', company_id)
              .where('token.user_id', '=', user_id)
              .where('token.client_id', '=', client_id)
              .where('token.family_id', '=', family_id),
          ),
        ),
      ),
  )
}

/** Holds only for the first use. */
export function spendAuthorizationCode({ db }: Store, code: AuthorizationCodeRow, usedAt: number): Statement {
  return expecting(
    1,
    db
      .updateTable('authorization_codes')
      .set({ used_at: usedAt })
      .where('company_id', '=', code.company_id)
      .where('code_hash', '=', code.code_hash)
      .where('used_at', 'is', null),
  )
}
