import type { Selectable } from 'kysely'
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
    .selectAll()
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
    .selectAll()
    .where('place', '<=', limits.ofEachApp)
    .orderBy('next_attempt_at')
    .limit(limits.together)
    .execute()
}

/** Those not yet heard: pending or given up. */
export function listUnheardCallbacks({ db }: Store): Promise<UninstallCallbackRow[]> {
  return db.selectFrom('uninstall_callbacks').selectAll().orderBy('ended_at').execute()
}

/** Holds only for the one sender who claims it first. */
export function claimCallback({ db }: Store, callback: UninstallCallbackRow, until: number): Statement {
  const query = db
    .updateTable('uninstall_callbacks')
    .set({ claimed_until: until })
    .where('company_id', '=', callback.company_id)
    .where('user_id', '=', callback.user_id)
    .where('client_id', '=', callback.client_id)
    .where('ended_at', '=', callback.ended_at)
    .where('attempts', '=', callback.attempts)
  const before = callback.claimed_until
  return expecting(
    1,
    before === null ? query.where('claimed_until', 'is', null) : query.where('claimed_until', '=', before),
  )
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
