import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { UsersTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import { asRead } from './as-read.ts'
import { contains, type ListPage, paged } from './lists.ts'

export type UserRow = Selectable<UsersTable>

/** @param signInEmail the address in the form that it is looked up by */
export function insertUser({ db }: Store, row: UserRow, signInEmail: string): Statement[] {
  return [
    statement(db.insertInto('users').values(row)),
    statement(db.insertInto('sign_in_emails').values({ email: signInEmail, user_id: row.user_id })),
  ]
}

const byId = new PreparedQuery((db, { userId }: { userId: number }) =>
  db.selectFrom('users').select(columns.users).where('user_id', '=', userId),
)

export function findUser(store: Store, userId: number): Promise<UserRow | undefined> {
  return byId.first(store, { userId })
}

/** @param forms the address in every form that it may be stored in, the likeliest first */
export async function findUserByEmail(store: Store, forms: readonly string[]): Promise<UserRow | undefined> {
  const { db } = store
  for (const email of forms) {
    const key = await db.selectFrom('sign_in_emails').select('user_id').where('email', '=', email).executeTakeFirst()
    if (key) return findUser(store, key.user_id)
  }
  return undefined
}

/**
 * The only user whom companies know by an e-mail address; undefined if there are several.
 * @param forms as for {@link findUserByEmail}
 */
export async function findUserByMemberEmail(store: Store, forms: readonly string[]): Promise<UserRow | undefined> {
  const rows = await store.db
    .selectFrom('memberships')
    .select('user_id')
    .distinct()
    .where('email', 'in', forms)
    .limit(2)
    .execute()
  const [only] = rows
  return only && rows.length === 1 ? findUser(store, only.user_id) : undefined
}

/** In the order of their ids; deleted ones are left out. */
export function listUsers(
  { db }: Store,
  { search, userIds, after, ...page }: { search?: string; userIds?: readonly number[]; after?: number } & ListPage = {},
): Promise<UserRow[]> {
  if (userIds?.length === 0) return Promise.resolve([])
  let query = db.selectFrom('users').select(columns.users).where('deleted_at', 'is', null).orderBy('user_id')
  if (search !== undefined) query = query.where(contains(['name', 'email'], search))
  if (userIds !== undefined) query = query.where('user_id', 'in', userIds)
  if (after !== undefined) query = query.where('user_id', '>', after)
  return paged(query, page).execute()
}

/**
 * Holds only while the user has the e-mail that was read.
 * @param signInEmails the forms in which the earlier one may be stored
 */
export function updateUser(
  { db }: Store,
  before: UserRow,
  { email, name, locale, timezone }: UserRow,
  signInEmails: readonly string[],
  signInEmail: string,
): Statement[] {
  const { user_id } = before
  const update = expecting(
    1,
    db
      .updateTable('users')
      .set({ email, name, locale, timezone })
      .where('user_id', '=', user_id)
      .where('email', '=', before.email)
      .where('deleted_at', 'is', null)
      .where(
        asRead<'users'>({ name: before.name, locale: before.locale, timezone: before.timezone, active: before.active }),
      ),
  )
  if (email === before.email) return [update]
  return [
    update,
    statement(db.deleteFrom('sign_in_emails').where('email', 'in', signInEmails).where('user_id', '=', user_id)),
    statement(db.insertInto('sign_in_emails').values({ email: signInEmail, user_id })),
  ]
}

export function setUserActive({ db }: Store, userId: number, companyIds: number[], active: boolean): Statement[] {
  const flag = active ? 1 : 0
  return [
    expecting(
      1,
      db.updateTable('users').set({ active: flag }).where('user_id', '=', userId).where('deleted_at', 'is', null),
    ),
    ...companyIds.map(companyId =>
      statement(
        db
          .updateTable('memberships')
          .set({ user_active: flag })
          .where('company_id', '=', companyId)
          .where('user_id', '=', userId),
      ),
    ),
  ]
}

/** The id stays taken forever; the sign-in e-mail becomes free. */
export function markUserDeleted(
  { db }: Store,
  user: UserRow,
  signInEmails: readonly string[],
  deletedAt: number,
): Statement[] {
  return [
    expecting(
      1,
      db
        .updateTable('users')
        .set({ active: 0, deleted_at: deletedAt, password_hash: null, imported_hash: null })
        .where('user_id', '=', user.user_id)
        .where('deleted_at', 'is', null),
    ),
    statement(db.deleteFrom('sign_in_emails').where('email', 'in', signInEmails).where('user_id', '=', user.user_id)),
    statement(db.deleteFrom('user_companies').where('user_id', '=', user.user_id)),
  ]
}

/** What is left of a deleted user is the id. */
export function eraseUserRow({ db }: Store, userId: number): Statement {
  return expecting(
    1,
    db
      .updateTable('users')
      .set({
        name: '',
        email: `erased-${userId}@erased.invalid`,
        locale: 'en_US',
        timezone: null,
        last_company_id: null,
      })
      .where('user_id', '=', userId)
      .where('deleted_at', 'is not', null),
  )
}

/** @param importedHash a hash of the one that was imported, if it was */
export function setPasswordHash(
  { db }: Store,
  userId: number,
  passwordHash: string,
  changedAt: number,
  importedHash?: Uint8Array,
): Statement {
  return expecting(
    1,
    db
      .updateTable('users')
      .set({
        password_hash: passwordHash,
        password_changed_at: changedAt,
        ...(importedHash && { imported_hash: importedHash }),
      })
      .where('user_id', '=', userId)
      .where('deleted_at', 'is', null),
  )
}

/**
 * Holds only while the user may sign in with the password hash that was verified. It touches the row, so that a change
 * of the password, a deactivation or a deletion at the same moment comes before or after, with the sessions it ends.
 */
export function requireUnchangedSignIn({ db }: Store, { user_id, password_hash }: UserRow): Statement {
  return expecting(
    1,
    db
      .updateTable('users')
      .set({ active: 1 })
      .where('user_id', '=', user_id)
      .where('active', '=', 1)
      .where('deleted_at', 'is', null)
      // People who sign in elsewhere have none.
      .where(asRead<'users'>({ password_hash })),
  )
}

/** Another hash of the same password. Holds only while the user has the one that was verified. */
export function replacePasswordHash({ db }: Store, { user_id, password_hash }: UserRow, newHash: string): Statement {
  return expecting(
    1,
    db
      .updateTable('users')
      .set({ password_hash: newHash })
      .where('user_id', '=', user_id)
      .where('password_hash', '=', password_hash),
  )
}

const lastCompany = new PreparedQuery((db, { userId, companyId }: { userId: number; companyId: number }) =>
  db.updateTable('users').set({ last_company_id: companyId }).where('user_id', '=', userId),
)

export function setLastCompany(store: Store, userId: number, companyId: number): Statement {
  return lastCompany.statement(store, { userId, companyId })
}
