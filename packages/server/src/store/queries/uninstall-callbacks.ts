import { type Selectable, sql } from 'kysely'
import type { UninstallCallbacksTable } from '../callback-schema.ts'
import { columns } from '../columns.ts'
import { expecting, type Statement, type Store } from '../store.ts'

export type UninstallCallbackRow = Selectable<UninstallCallbacksTable>

const KEY = ['company_id', 'user_id', 'client_id', 'ended_at'] as const

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
