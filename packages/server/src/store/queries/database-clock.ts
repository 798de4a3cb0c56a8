import { sql } from 'kysely'
import type { Store } from '../store.ts'

/** Milliseconds since 1970 by the database's own clock; undefined where it has none but ours. */
export async function readDatabaseClock({ db, engine }: Store): Promise<number | undefined> {
  if (engine === 'sqlite') return undefined
  const { rows } = await sql<{
    now: number
  }>`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`.execute(db)
  return rows[0]!.now
}
