import { type ExpressionBuilder, type Selectable, sql } from 'kysely'
import type { UninstallCallbacksTable } from '../callback-schema.ts'
import { CLOCK_SKEW } from '../clock-skew.ts'
import { columns } from '../columns.ts'
import type { Schema } from '../schema.ts'
import { expecting, readInBackground, type Statement, type Store, statement, writeUnlessConflict } from '../store.ts'

/** Something that an app is still to be told; kinds of it have more columns in their keys. */
export type QueuedCallback = Omit<Selectable<UninstallCallbacksTable>, 'kind'> &
  Partial<Pick<Selectable<UninstallCallbacksTable>, 'kind'>>

/** A table of callbacks that wait to be sent. */
export interface CallbackQueue {
  /** All such tables have the columns of this one. */
  readonly table: 'uninstall_callbacks'
  readonly key: readonly (keyof QueuedCallback)[]
  readonly columns: readonly (keyof QueuedCallback)[]
}

export const uninstallQueue: CallbackQueue = {
  table: 'uninstall_callbacks',
  key: ['company_id', 'user_id', 'client_id', 'ended_at'],
  columns: columns.uninstall_callbacks,
}

export const logoutQueue = {
  table: 'logout_callbacks',
  key: ['company_id', 'user_id', 'client_id', 'sid', 'ended_at'],
  columns: columns.logout_callbacks,
} as unknown as CallbackQueue

const RECALLED = 500

/** A claim that ends later than this is of a clock that was ahead. */
interface Claiming {
  now: number
  /** Until when no other sender may take what is claimed. */
  until: number
}

/** Some of the apps that callbacks wait for, due or not, in the order of their ids. */
export async function listAppsWithCallbacks(
  store: Store,
  { table }: CallbackQueue,
  after: string,
  limit: number,
): Promise<string[]> {
  const from = sql.raw(table)
  // Skips from app to app by the index. A cluster cannot do that, and asks each machine.
  const query = store.isDistributed
    ? sql<{ client_id: string }>`SELECT DISTINCT client_id FROM ${from}
        WHERE gave_up_at IS NULL AND client_id > ${after} ORDER BY client_id LIMIT ${sql.lit(limit)}`
    : sql<{ client_id: string }>`WITH RECURSIVE app (client_id) AS (
        SELECT min(client_id) FROM ${from} WHERE gave_up_at IS NULL AND client_id > ${after}
        UNION ALL
        SELECT (SELECT min(more.client_id) FROM ${from} AS more
          WHERE more.gave_up_at IS NULL AND more.client_id > app.client_id)
        FROM app WHERE app.client_id IS NOT NULL
      ) SELECT client_id FROM app WHERE client_id IS NOT NULL LIMIT ${sql.lit(limit)}`
  const rows = await readInBackground<{ client_id: string }>(store, query.compile(store.db))
  return rows.map(row => row.client_id)
}

/** Claims callbacks of an app whose time has come, the oldest first, so that no other sender has them. */
export async function claimDueCallbacks<Callback extends QueuedCallback>(
  store: Store,
  queue: CallbackQueue,
  clientId: string,
  limit: number,
  claiming: Claiming,
): Promise<Callback[]> {
  const { now, until } = claiming
  const due = store.db
    .selectFrom(queue.table)
    .where('client_id', '=', clientId)
    .where('gave_up_at', 'is', null)
    .where('next_attempt_at', '<=', now)
    .where(eb =>
      eb.or([
        eb('claimed_until', 'is', null),
        eb('claimed_until', '<=', now),
        eb('claimed_until', '>', until + CLOCK_SKEW),
      ]),
    )
    .orderBy('next_attempt_at')
    .limit(sql.lit(limit))
  // Not due until the claim ends: other senders do not read what is being sent.
  const claimed = { claimed_until: until, next_attempt_at: until }
  const found = await readInBackground<Callback>(store, due.select(queue.columns).compile())
  const taken = await Promise.all(found.map(callback => claimOne(store, queue, callback, claimed)))
  return taken.filter(callback => callback !== undefined)
}

/** By its key, on the one machine that has it; senders do not wait for each other. */
async function claimOne<Callback extends QueuedCallback>(
  store: Store,
  queue: CallbackQueue,
  callback: Callback,
  claimed: Pick<QueuedCallback, 'claimed_until' | 'next_attempt_at'>,
): Promise<Callback | undefined> {
  const { next_attempt_at, claimed_until } = callback
  const unlocked = store.db
    .selectFrom(queue.table)
    .select('client_id')
    .where(hasKeyOf(queue, callback))
    .forUpdate()
    .skipLocked()
  const claim = store.db
    .updateTable(queue.table)
    .set(claimed)
    .where(hasKeyOf(queue, callback))
    .where('next_attempt_at', '=', next_attempt_at)
    .where('claimed_until', claimed_until === null ? 'is' : '=', claimed_until)
  const isClaimed = await writeUnlessConflict(store, [
    // SQLite's writes go one after the other anyway.
    ...(store.engine === 'sqlite' ? [] : [expecting(1, unlocked)]),
    expecting(1, claim),
  ])
  return isClaimed ? { ...callback, ...claimed } : undefined
}

/** Makes callbacks due that a clock that was ahead has postponed further than any rule does. @param latest the latest plausible time */
export async function recallCallbacks(
  { db }: Store,
  queue: CallbackQueue,
  now: number,
  latest: number,
): Promise<Statement[]> {
  const far = await db
    .selectFrom(queue.table)
    .select(queue.columns)
    .where('gave_up_at', 'is', null)
    .where('next_attempt_at', '>', latest)
    .limit(sql.lit(RECALLED))
    .execute()
  return far.map(callback =>
    statement(
      db
        .updateTable(queue.table)
        .set({ next_attempt_at: now, claimed_until: null })
        .where(hasKeyOf(queue, callback))
        .where('next_attempt_at', '>', latest),
    ),
  )
}

/** Releases a claimed callback that was not tried. */
export function releaseCallback({ db }: Store, queue: CallbackQueue, callback: QueuedCallback, now: number): Statement {
  return statement(
    db
      .updateTable(queue.table)
      .set({ next_attempt_at: now, claimed_until: null })
      .where(hasKeyOf(queue, callback))
      .where('claimed_until', '=', callback.claimed_until),
  )
}

export function deleteCallback({ db }: Store, queue: CallbackQueue, callback: QueuedCallback): Statement {
  return statement(db.deleteFrom(queue.table).where(hasKeyOf(queue, callback)))
}

export function recordFailedCallback(
  { db }: Store,
  queue: CallbackQueue,
  callback: QueuedCallback,
  failure: { error: string; nextAttemptAt: number; gaveUpAt: number | null },
): Statement {
  return statement(
    db
      .updateTable(queue.table)
      .set({
        attempts: callback.attempts + 1,
        next_attempt_at: failure.nextAttemptAt,
        claimed_until: null,
        gave_up_at: failure.gaveUpAt,
        last_error: failure.error,
      })
      .where(hasKeyOf(queue, callback)),
  )
}

/** The condition that a row is this one. */
export function hasKeyOf({ key }: CallbackQueue, callback: QueuedCallback) {
  return (eb: ExpressionBuilder<Schema, 'uninstall_callbacks'>) =>
    eb.and(key.map(column => eb(column, '=', callback[column] as string | number)))
}
