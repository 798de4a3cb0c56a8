import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { SessionsTable } from '../session-schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import { type JoinedRow, joined } from './joined.ts'
import { findUser, type UserRow } from './users.ts'

export type SessionRow = Selectable<SessionsTable>

export function insertSession({ db }: Store, row: SessionRow): Statement {
  return statement(db.insertInto('sessions').values(row))
}

/** The same person proved again who they are. Holds only while the session is there. */
export function renewSession(
  { db }: Store,
  {
    session_hash,
    ...values
  }: Pick<SessionRow, 'session_hash' | 'expires_at' | 'authenticated_at' | 'methods' | 'limits'>,
): Statement {
  return expecting(1, db.updateTable('sessions').set(values).where('session_hash', '=', session_hash))
}

const byHash = new PreparedQuery((db, { sessionHash }: { sessionHash: Uint8Array }) =>
  db.selectFrom('sessions').select(columns.sessions).where('session_hash', '=', sessionHash),
)

export function findSession(store: Store, sessionHash: Uint8Array): Promise<SessionRow | undefined> {
  return byHash.first(store, { sessionHash })
}

const sessions = joined('s', columns.sessions)
const users = joined('u', columns.users)

const withUser = new PreparedQuery((db, { sessionHash }: { sessionHash: Uint8Array }) =>
  db
    .selectFrom('sessions as s')
    .innerJoin('users as u', 'u.user_id', 's.user_id')
    .select(sessions.columns)
    .select(users.columns)
    .where('s.session_hash', '=', sessionHash),
)

/** A session and whose it is. */
export async function findSessionWithUser(
  store: Store,
  sessionHash: Uint8Array,
): Promise<{ session: SessionRow; user: UserRow } | undefined> {
  if (store.isDistributed) {
    // They may be on different machines.
    const session = await findSession(store, sessionHash)
    const user = session && (await findUser(store, session.user_id))
    return user && { session, user }
  }
  const row = (await withUser.first(store, { sessionHash })) as JoinedRow | undefined
  return row && { session: sessions.of<SessionRow>(row), user: users.of<UserRow>(row) }
}

/** The newest first. */
export function listSessionsOfUser({ db }: Store, userId: number): Promise<SessionRow[]> {
  return db
    .selectFrom('sessions')
    .select(columns.sessions)
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .execute()
}

/** Holds only while this browser is signed in. */
export function requireSession({ db }: Store, { session_hash, user_id }: SessionRow): Statement {
  return expecting(1, db.updateTable('sessions').set({ user_id }).where('session_hash', '=', session_hash))
}

/** Remembers when it was used last; nothing where it has ended meanwhile. */
export function touchSession({ db }: Store, sessionHash: Uint8Array, usedAt: number): Statement {
  return statement(db.updateTable('sessions').set({ last_used_at: usedAt }).where('session_hash', '=', sessionHash))
}

export function deleteSession({ db }: Store, sessionHash: Uint8Array): Statement {
  return statement(db.deleteFrom('sessions').where('session_hash', '=', sessionHash))
}

export function deleteSessionsOfUser({ db }: Store, userId: number): Statement {
  return statement(db.deleteFrom('sessions').where('user_id', '=', userId))
}

/** Remembers the company that this browser's consent page shows. */
export function setSessionCompany({ db }: Store, sessionHash: Uint8Array, companyId: number): Statement {
  return statement(db.updateTable('sessions').set({ company_id: companyId }).where('session_hash', '=', sessionHash))
}

const showsCompany = new PreparedQuery(
  (db, { sessionHash, companyId }: { sessionHash: Uint8Array; companyId: number }) =>
    db
      .updateTable('sessions')
      .set({ company_id: companyId })
      .where('session_hash', '=', sessionHash)
      .where('company_id', '=', companyId),
)

/** Holds only while this browser's consent page still shows that company. */
export function requireSessionCompany(store: Store, sessionHash: Uint8Array, companyId: number): Statement {
  return showsCompany.expecting(1, store, { sessionHash, companyId })
}
