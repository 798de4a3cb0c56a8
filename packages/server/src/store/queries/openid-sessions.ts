import type { Selectable } from 'kysely'
import type { LogoutCallbacksTable } from '../callback-schema.ts'
import { columns } from '../columns.ts'
import type { OpenidSessionsTable } from '../session-schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type OpenidSessionRow = Selectable<OpenidSessionsTable>
export type LogoutCallbackRow = Selectable<LogoutCallbacksTable>

/** Whose sessions end: one by what apps call it, or all of a user. */
export type EndingSessions = { sid: string; userId?: never } | { userId: number; sid?: never }

/** In a logout token without `sid` all sessions of the subject end (Back-Channel Logout section 2.4). */
export const ALL_SESSIONS = ''

/** Remembers that someone signed in to an app within a session. */
export function putOpenidSession({ db }: Store, row: OpenidSessionRow): Statement {
  return statement(
    db
      .insertInto('openid_sessions')
      .values(row)
      .onConflict(conflict =>
        conflict.columns(['sid', 'client_id', 'company_id']).doUpdateSet({ expires_at: row.expires_at }),
      ),
  )
}

/**
 * Queues what apps are to be told of sessions that end. It belongs after the statement that deletes the sessions: a sign-in
 * to an app requires its session, so that each is either seen here, a conflict, or refused.
 */
export async function endOpenidSessions(store: Store, ending: EndingSessions, now: number): Promise<Statement[]> {
  const { db } = store
  const [column, value] =
    ending.sid === undefined ? (['user_id', ending.userId] as const) : (['sid', ending.sid] as const)
  const rows = await db
    .selectFrom('openid_sessions')
    .select(columns.openid_sessions)
    .where(column, '=', value)
    .execute()
  const told = new Map(rows.map(row => [`${row.company_id} ${row.user_id} ${row.client_id}`, row]))
  return [
    expecting(rows.length, db.deleteFrom('openid_sessions').where(column, '=', value)),
    ...[...told.values()].map(({ company_id, user_id, client_id }) =>
      queueLogoutCallback(store, { company_id, user_id, client_id, sid: ending.sid ?? ALL_SESSIONS, ended_at: now }),
    ),
  ]
}

type LogoutCallbackKey = Pick<LogoutCallbackRow, 'company_id' | 'user_id' | 'client_id' | 'sid' | 'ended_at'>

function queueLogoutCallback({ db }: Store, key: LogoutCallbackKey): Statement {
  return statement(
    db
      .insertInto('logout_callbacks')
      .values({
        ...key,
        attempts: 0,
        next_attempt_at: key.ended_at,
        claimed_until: null,
        gave_up_at: null,
        last_error: null,
      })
      // Ended twice within a millisecond: told once.
      .onConflict(conflict => conflict.columns(['company_id', 'user_id', 'client_id', 'sid', 'ended_at']).doNothing()),
  )
}
