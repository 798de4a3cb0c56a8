import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import type { UninstallCallbacksTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type UninstallCallbackRow = Selectable<UninstallCallbacksTable>

/**
 * Callbacks whose time has come and that nobody is sending, the oldest first, of each app a few only: one that is slow
 * to answer must not hold up the others.
 */
export function listDueCallbacks(
  { db }: Store,
  now: number,
  limits: { ofEachApp: number; together: number },
): Promise<UninstallCallbackRow[]> {
  const due = db
    .selectFrom('uninstall_callbacks')
    .select(columns.uninstall_callbacks)
    .select(eb =>
      eb.fn
        .agg<number>('row_number')
        .over(over => over.partitionBy('client_id').orderBy('next_attempt_at'))
        .as('place'),
    )
    .where('gave_up_at', 'is', null)
    .where('next_attempt_at', '<=', now)
    .where(eb => eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<=', now)]))
  return db
    .selectFrom(due.as('due'))
    .select(columns.uninstall_callbacks)
    .where('place', '<=', limits.ofEachApp)
    .orderBy('next_attempt_at')
    .limit(limits.together)
    .execute()
}

/** Those not yet heard: pending or given up. */
export function listUnheardCallbacks({ db }: Store): Promise<UninstallCallbackRow[]> {
  return db.selectFrom('uninstall_callbacks').select(columns.uninstall_callbacks).orderBy('ended_at').execute()
}

/** Some of those that are left for an app. */
export function listCallbacksOfApp({ db }: Store, clientId: string, limit: number): Promise<UninstallCallbackRow[]> {
  return db
    .selectFrom('uninstall_callbacks')
    .select(columns.uninstall_callbacks)
    .where('client_id', '=', clientId)
    .limit(limit)
    .execute()
}

/** Holds only for the one sender who claims it first; the others go on to the next without waiting. */
export function claimCallback({ db, engine }: Store, callback: UninstallCallbackRow, until: number): Statement[] {
  const { company_id, user_id, client_id, ended_at, attempts, claimed_until } = callback
  const unlocked = db
    .selectFrom('uninstall_callbacks')
    .select('client_id')
    .where('company_id', '=', company_id)
    .where('user_id', '=', user_id)
    .where('client_id', '=', client_id)
    .where('ended_at', '=', ended_at)
    .forUpdate()
    .skipLocked()
  const claim = db
    .updateTable('uninstall_callbacks')
    .set({ claimed_until: until })
    .where('company_id', '=', company_id)
    .where('user_id', '=', user_id)
    .where('client_id', '=', client_id)
    .where('ended_at', '=', ended_at)
    .where('attempts', '=', attempts)
    .where('claimed_until', claimed_until === null ? 'is' : '=', claimed_until)
  // SQLite's writes go one after the other anyway.
  return [...(engine === 'sqlite' ? [] : [expecting(1, unlocked)]), expecting(1, claim)]
}

export function deleteCallback({ db }: Store, callback: UninstallCallbackRow): Statement {
  return statement(
    db
      .deleteFrom('uninstall_callbacks')
      .where('company_id', '=', callback.company_id)
      .where('user_id', '=', callback.user_id)
      .where('client_id', '=', callback.client_id)
      .where('ended_at', '=', callback.ended_at),
  )
}

export function recordFailedCallback(
  { db }: Store,
  callback: UninstallCallbackRow,
  failure: { error: string; nextAttemptAt: number; gaveUpAt: number | null },
): Statement {
  return statement(
    db
      .updateTable('uninstall_callbacks')
      .set({
        attempts: callback.attempts + 1,
        next_attempt_at: failure.nextAttemptAt,
        claimed_until: null,
        gave_up_at: failure.gaveUpAt,
        last_error: failure.error,
      })
      .where('company_id', '=', callback.company_id)
      .where('user_id', '=', callback.user_id)
      .where('client_id', '=', callback.client_id)
      .where('ended_at', '=', callback.ended_at),
  )
}
