import { type Selectable, sql } from 'kysely'
import { CLOCK_SKEW } from '../clock-skew.ts'
import { columns } from '../columns.ts'
import type { UninstallCallbacksTable } from '../schema.ts'
import { expecting, readInBackground, type Statement, type Store, statement, writeUnlessConflict } from '../store.ts'

export type UninstallCallbackRow = Selectable<UninstallCallbacksTable>

const KEY = ['company_id', 'user_id', 'client_id', 'ended_at'] as const
const RECALLED = 500

/** A claim that ends later than this is of a clock that was ahead. */
interface Claiming {
  now: number
  /** Until when no other sender may take what is claimed. */
  until: number
}

/** Some of the apps that callbacks wait for, due or not, in the order of their ids. */
export async function listAppsWithCallbacks(store: Store, after: string, limit: number): Promise<string[]> {
  // Skips from app to app by the index. A cluster cannot do that, and asks each machine.
  const query = store.isDistributed
    ? sql<{ client_id: string }>`SELECT DISTINCT client_id FROM uninstall_callbacks
        WHERE gave_up_at IS NULL AND client_id > ${after} ORDER BY client_id LIMIT ${sql.lit(limit)}`
    : sql<{ client_id: string }>`WITH RECURSIVE app (client_id) AS (
        SELECT min(client_id) FROM uninstall_callbacks WHERE gave_up_at IS NULL AND client_id > ${after}
        UNION ALL
        SELECT (SELECT min(more.client_id) FROM uninstall_callbacks AS more
          WHERE more.gave_up_at IS NULL AND more.client_id > app.client_id)
        FROM app WHERE app.client_id IS NOT NULL
      ) SELECT client_id FROM app WHERE client_id IS NOT NULL LIMIT ${sql.lit(limit)}`
  const rows = await readInBackground<{ client_id: string }>(store, query.compile(store.db))
  return rows.map(row => row.client_id)
}

/** Claims callbacks of an app whose time has come, the oldest first, so that no other sender has them. */
export async function claimDueCallbacks(
  store: Store,
  clientId: string,
  limit: number,
  claiming: Claiming,
): Promise<UninstallCallbackRow[]> {
  const { now, until } = claiming
  const due = store.db
    .selectFrom('uninstall_callbacks')
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
  const found = await readInBackground<UninstallCallbackRow>(store, due.select(columns.uninstall_callbacks).compile())
  const taken = await Promise.all(found.map(callback => claimOne(store, callback, claimed)))
  return taken.filter(callback => callback !== undefined)
}

/** By its key, on the one machine that has it; senders do not wait for each other. */
async function claimOne(
  store: Store,
  callback: UninstallCallbackRow,
  claimed: Pick<UninstallCallbackRow, 'claimed_until' | 'next_attempt_at'>,
): Promise<UninstallCallbackRow | undefined> {
  const { company_id, user_id, client_id, ended_at, next_attempt_at, claimed_until } = callback
  const unlocked = store.db
    .selectFrom('uninstall_callbacks')
    .select('client_id')
    .where('company_id', '=', company_id)
    .where('user_id', '=', user_id)
    .where('client_id', '=', client_id)
    .where('ended_at', '=', ended_at)
    .forUpdate()
    .skipLocked()
  const claim = store.db
    .updateTable('uninstall_callbacks')
    .set(claimed)
    .where('company_id', '=', company_id)
    .where('user_id', '=', user_id)
    .where('client_id', '=', client_id)
    .where('ended_at', '=', ended_at)
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
export async function recallCallbacks({ db }: Store, now: number, latest: number): Promise<Statement[]> {
  const far = await db
    .selectFrom('uninstall_callbacks')
    .select(KEY)
    .where('gave_up_at', 'is', null)
    .where('next_attempt_at', '>', latest)
    .limit(sql.lit(RECALLED))
    .execute()
  return far.map(({ company_id, user_id, client_id, ended_at }) =>
    statement(
      db
        .updateTable('uninstall_callbacks')
        .set({ next_attempt_at: now, claimed_until: null })
        .where('company_id', '=', company_id)
        .where('user_id', '=', user_id)
        .where('client_id', '=', client_id)
        .where('ended_at', '=', ended_at)
        .where('next_attempt_at', '>', latest),
    ),
  )
}

/** Releases a claimed callback that was not tried. */
export function releaseCallback({ db }: Store, callback: UninstallCallbackRow, now: number): Statement {
  return statement(
    db
      .updateTable('uninstall_callbacks')
      .set({ next_attempt_at: now, claimed_until: null })
      .where('company_id', '=', callback.company_id)
      .where('user_id', '=', callback.user_id)
      .where('client_id', '=', callback.client_id)
      .where('ended_at', '=', callback.ended_at)
      .where('claimed_until', '=', callback.claimed_until),
  )
}

/** Callbacks that were not delivered: pending or given up. */
export function listPendingCallbacks({ db }: Store): Promise<UninstallCallbackRow[]> {
  return db.selectFrom('uninstall_callbacks').select(columns.uninstall_callbacks).orderBy('ended_at').execute()
}

export type CallbackKey = Pick<UninstallCallbackRow, (typeof KEY)[number]>

/** The same in the order of their keys, page by page. */
export function pageOfCallbacks(
  { db }: Store,
  only: { companyId?: number; clientId?: string; hasGivenUp?: boolean; after?: CallbackKey; limit: number },
): Promise<UninstallCallbackRow[]> {
  let query = db.selectFrom('uninstall_callbacks').select(columns.uninstall_callbacks)
  if (only.companyId !== undefined) query = query.where('company_id', '=', only.companyId)
  if (only.clientId !== undefined) query = query.where('client_id', '=', only.clientId)
  if (only.hasGivenUp !== undefined) query = query.where('gave_up_at', only.hasGivenUp ? 'is not' : 'is', null)
  if (only.after) {
    const { company_id, user_id, client_id, ended_at } = only.after
    query = query.where(
      sql<boolean>`(company_id, user_id, client_id, ended_at) > (${company_id}, ${user_id}, ${client_id}, ${ended_at})`,
    )
  }
  for (const column of KEY) query = query.orderBy(column)
  return query.limit(only.limit).execute()
}

/** Makes a callback due now, also one that was given up. Holds only if there is such a callback, and it is not being sent. */
export function sendCallbackAgain({ db }: Store, key: CallbackKey, now: number): Statement {
  return expecting(
    1,
    db
      .updateTable('uninstall_callbacks')
      .set({ attempts: 0, next_attempt_at: now, gave_up_at: null, claimed_until: null })
      .where('company_id', '=', key.company_id)
      .where('user_id', '=', key.user_id)
      .where('client_id', '=', key.client_id)
      .where('ended_at', '=', key.ended_at)
      .where(eb => eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<=', now)])),
  )
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

/** The most that are counted. */
const COUNTED = 10_000

/** How many wait, and how many were given up. */
export async function countUndelivered({ db }: Store): Promise<{ pending: number; given_up: number }> {
  const count = async (hasGivenUp: boolean) => {
    const some = db
      .selectFrom('uninstall_callbacks')
      .select('client_id')
      .where('gave_up_at', hasGivenUp ? 'is not' : 'is', null)
      .limit(sql.lit(COUNTED))
      .as('some')
    const { found } = await db
      .selectFrom(some)
      .select(eb => eb.fn.countAll<number>().as('found'))
      .executeTakeFirstOrThrow()
    return Number(found)
  }
  return { pending: await count(false), given_up: await count(true) }
}
