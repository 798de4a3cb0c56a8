import { type RawBuilder, sql } from 'kysely'
import { CHANGES_KEPT_FROM } from '../bearer-change.ts'
import { type Statement, type Store, statement } from '../store.ts'

const KEPT = 10_000

/** Shortens the log of what bearer checks depend on. A reader that is further behind than it reaches forgets everything. */
export function deleteOldChanges(store: Store): Statement[] {
  if (store.isDistributed) return []
  const deletions = store.engine === 'sqlite' ? onSqlite : onPostgres
  return deletions.map(deletion => statement({ compile: () => deletion.compile(store.db) }))
}

const onSqlite: RawBuilder<unknown>[] = [
  sql`DELETE FROM bearer_changes WHERE seq <= (SELECT max(seq) FROM bearer_changes) - ${sql.lit(KEPT)}`,
]

const name = sql.lit(CHANGES_KEPT_FROM)
const firstUnknown = sql`pg_snapshot_xmax(pg_current_snapshot())`

/**
 * Rows go by their transactions. Those of transactions that still run, or are newer, stay. A database that was restored from
 * a dump may hold rows of transactions that this server has not come to yet: they say nothing here.
 */
const onPostgres: RawBuilder<unknown>[] = [
  sql`DELETE FROM settings WHERE name = ${name} AND value::xid8 > ${firstUnknown}`,
  sql`INSERT INTO settings (name, value)
    SELECT ${name}, least(newest.xid, pg_snapshot_xmin(pg_current_snapshot()))::text
    FROM (SELECT xid FROM bearer_changes WHERE xid < ${firstUnknown} ORDER BY xid DESC OFFSET ${sql.lit(KEPT)} LIMIT 1) newest
    ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE settings.value::xid8 < excluded.value::xid8`,
  sql`DELETE FROM bearer_changes
    WHERE xid < (SELECT value::xid8 FROM settings WHERE name = ${name}) OR xid >= ${firstUnknown}`,
]
