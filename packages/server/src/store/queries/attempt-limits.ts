import { sql } from 'kysely'
import { expecting, type Statement, type Store, statement } from '../store.ts'

/** When each of these limits will have all its attempts back, in milliseconds since 1970; absent ones have them now. */
export async function findLimits({ db }: Store, keys: string[]): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('attempt_limits')
    .select(['limit_key', 'full_at'])
    .where('limit_key', 'in', keys)
    .execute()
  return new Map(rows.map(row => [row.limit_key, row.full_at]))
}

/** Those that begin with a text. Compared by their bytes: in the order of a language, signs may count for nothing. */
export async function findLimitKeys({ db, engine }: Store, prefix: string): Promise<string[]> {
  const key = engine === 'sqlite' ? sql.ref<string>('limit_key') : sql<string>`limit_key COLLATE "C"`
  const rows = await db
    .selectFrom('attempt_limits')
    .select('limit_key')
    .where(key, '>=', prefix)
    .where(key, '<', `${prefix}~`)
    .execute()
  return rows.map(row => row.limit_key)
}

/** Holds only while the limit is as it was read. */
export function putLimit({ db }: Store, key: string, before: number | undefined, fullAt: number): Statement {
  if (before === undefined) {
    return expecting(
      1,
      db
        .insertInto('attempt_limits')
        .values({ limit_key: key, full_at: fullAt })
        .onConflict(conflict => conflict.column('limit_key').doNothing()),
    )
  }
  return expecting(
    1,
    db
      .updateTable('attempt_limits')
      .set({ full_at: fullAt })
      .where('limit_key', '=', key)
      .where('full_at', '=', before),
  )
}

/** Gives one attempt back after it succeeded. */
export function revokeInstallation({ db }: Store, key: string, cost: number): Statement {
  return statement(
    db
      .updateTable('attempt_limits')
      .set(eb => ({ full_at: eb('full_at', '-', cost) }))
      .where('limit_key', '=', key),
  )
}

export function clearLimit({ db }: Store, key: string): Statement {
  return statement(db.deleteFrom('attempt_limits').where('limit_key', '=', key))
}
