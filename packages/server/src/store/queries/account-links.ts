import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import type { AccountLinksTable } from '../mail-schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type AccountLinkRow = Selectable<AccountLinksTable>
type Purpose = AccountLinkRow['purpose']

/** In the place of those that the user was sent for the same before. */
export function putAccountLink({ db }: Store, row: AccountLinkRow): Statement[] {
  return [
    statement(db.deleteFrom('account_links').where('user_id', '=', row.user_id).where('purpose', '=', row.purpose)),
    statement(db.insertInto('account_links').values(row)),
  ]
}

export function findAccountLink(
  { db }: Store,
  userId: number,
  linkHash: Uint8Array,
): Promise<AccountLinkRow | undefined> {
  return db
    .selectFrom('account_links')
    .select(columns.account_links)
    .where('user_id', '=', userId)
    .where('link_hash', '=', linkHash)
    .executeTakeFirst()
}

/** The one that the user was sent last for something. */
export function findLastLink({ db }: Store, userId: number, purpose: Purpose): Promise<AccountLinkRow | undefined> {
  return db
    .selectFrom('account_links')
    .select(columns.account_links)
    .where('user_id', '=', userId)
    .where('purpose', '=', purpose)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** Holds only for the first use. */
export function spendAccountLink({ db }: Store, { user_id, link_hash }: AccountLinkRow): Statement {
  return expecting(1, db.deleteFrom('account_links').where('user_id', '=', user_id).where('link_hash', '=', link_hash))
}

/** A password that was set otherwise ends the links that were sent for it. */
export function deleteAccountLinks({ db }: Store, userId: number): Statement {
  return statement(db.deleteFrom('account_links').where('user_id', '=', userId))
}
