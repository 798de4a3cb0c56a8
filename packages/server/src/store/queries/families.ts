import { type Statement, type Store, statement } from '../store.ts'
import { deleteCodesOfEndedFamily } from './authorization-codes.ts'
import { lockInstallation } from './installations.ts'

/** A refresh token and all its successors, with the access tokens they gave. */
export interface Family {
  company_id: number
  user_id: number
  client_id: string
  family_id: string
}

/** Ends every token of a family; the installation stays. */
export function endFamily(store: Store, family: Family): Statement[] {
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
  return [...lockInstallation(store, family), ...deletions, deleteCodesOfEndedFamily(store, family)]
}
