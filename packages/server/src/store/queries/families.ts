import { sql } from 'kysely'
import { type Statement, type Store, statement } from '../store.ts'
import { lockInstallation } from './installations.ts'

/** A refresh token and all its successors, with the access tokens they gave. */
export interface Family {
  company_id: number
  user_id: number
  client_id: string
  family_id: string
}

/**
 * Ends every token of a family; the installation stays.
 * @param presented removes what was used again, and holds only while it is there: of many requests one ends the family
 */
export function endFamily(store: Store, family: Family, presented: Statement): Statement[] {
  const { db } = store
  const deletions = (['access_tokens', 'refresh_tokens'] as const).map(table =>
    statement(
      db
        .deleteFrom(table)
        .where('company_id', '=', family.company_id)
        .where('user_id', '=', family.user_id)
        .where('client_id', '=', family.client_id)
        .where('family_id', '=', family.family_id),
    ),
  )
  return [...lockInstallation(store, family), presented, ...deletions, deleteCodesOfEndedFamily(store, family)]
}

/** The used codes of a family of which no refresh token is left. */
export function deleteCodesOfEndedFamily(
  { db }: Store,
  { company_id, user_id, client_id, family_id }: Family,
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
