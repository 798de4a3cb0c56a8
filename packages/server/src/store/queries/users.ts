import type { Selectable } from 'kysely'
import type { UsersTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type UserRow = Selectable<UsersTable>

export function insertUser({ db }: Store, row: UserRow): Statement[] {
  return [
    statement(db.insertInto('users').values(row)),
    statement(db.insertInto('sign_in_emails').values({ email: row.email, user_id: row.user_id })),
  ]
}

export function findUser({ db }: Store, userId: number): Promise<UserRow | undefined> {
  return db.selectFrom('users').selectAll().where('user_id', '=', userId).executeTakeFirst()
}

export async function findUserByEmail(store: Store, email: string): Promise<UserRow | undefined> {
  const { db } = store
  const key = await db.selectFrom('sign_in_emails').select('user_id').where('email', '=', email).executeTakeFirst()
  return key && findUser(store, key.user_id)
}

export function listUsers({ db }: Store): Promise<UserRow[]> {
  return db.selectFrom('users').selectAll().where('deleted_at', 'is', null).orderBy('user_id').execute()
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

/** The id stays taken for ever; the sign-in e-mail becomes free. */
export function markUserDeleted({ db }: Store, user: UserRow, deletedAt: number): Statement[] {
  return [
    expecting(
      1,
      db
        .updateTable('users')
        .set({ active: 0, deleted_at: deletedAt, password_hash: null })
        .where('user_id', '=', user.user_id)
        .where('deleted_at', 'is', null),
    ),
    statement(db.deleteFrom('sign_in_emails').where('email', '=', user.email)),
    statement(db.deleteFrom('user_companies').where('user_id', '=', user.user_id)),
  ]
}

export function setPasswordHash({ db }: Store, userId: number, passwordHash: string, changedAt: number): Statement {
  return expecting(
    1,
    db
      .updateTable('users')
      .set({ password_hash: passwordHash, password_changed_at: changedAt })
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
      .where('password_hash', '=', password_hash),
  )
}

export function setLastCompany({ db }: Store, userId: number, companyId: number): Statement {
  return statement(db.updateTable('users').set({ last_company_id: companyId }).where('user_id', '=', userId))
}
