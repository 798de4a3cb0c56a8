import { migrations } from '../migrate.ts'
import type { Migration } from '../migrations/migration.ts'
import { StoreOpenError } from '../store.ts'
import type { Connections } from './connection.ts'

/** One number for all programs that migrate: the letters `tny` and a zero. */
const LOCK = 0x746e7900

const known: readonly Migration[] = migrations.filter(({ only }) => only !== 'sqlite')

/**
 * Applies what is missing, each migration in a transaction of its own, under a lock that other programs wait for.
 * @returns the names of those applied now
 * @throws {StoreOpenError} when the database was made by a newer program
 */
export async function migratePostgres(connections: Connections): Promise<string[]> {
  const applied: string[] = []
  for (const migration of known) {
    const isNew = await connections.begin(async transaction => {
      await transaction`SELECT pg_advisory_xact_lock(${LOCK})`
      await transaction.unsafe(
        'CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)',
      )
      await refuseNewer(transaction as unknown as Connections)
      const [done] = await transaction`SELECT 1 FROM migrations WHERE version = ${migration.version}`
      if (done) return false
      for (const sql of migration.statements) await transaction.unsafe(toPostgres(sql))
      await transaction`INSERT INTO migrations VALUES (${migration.version}, ${migration.name}, ${Date.now()})`
      return true
    })
    if (isNew) applied.push(migration.name)
  }
  return applied
}

/** @throws {StoreOpenError} when the schema is older or newer than this program's */
export async function requireCurrentPostgres(connections: Connections): Promise<void> {
  const version = await schemaVersion(connections)
  await refuseNewer(connections)
  if (version < latest()) {
    throw new StoreOpenError('The database has an older schema than this program. Run `tenantry migrate` first.')
  }
}

async function refuseNewer(connections: Connections): Promise<void> {
  const version = await schemaVersion(connections)
  const newest = migrations.at(-1)!.version
  if (version > newest) {
    throw new StoreOpenError(
      `The database has schema version ${version}, and this program knows up to ${newest}. Use the newer program; nothing was changed.`,
    )
  }
}

async function schemaVersion(connections: Connections): Promise<number> {
  const [found] = await connections`SELECT to_regclass('migrations') IS NOT NULL AS known`
  if (!found?.known) return 0
  const [row] = await connections`SELECT max(version) AS version FROM migrations`
  return Number(row?.version ?? 0)
}

function latest(): number {
  return known.at(-1)!.version
}

/** Our own definitions in PostgreSQL's words: integers are 64 bits wide, hashes are `bytea`. */
export function toPostgres(sql: string): string {
  return sql
    .replace(/\bINTEGER\b/g, 'BIGINT')
    .replace(/\bBLOB\b/g, 'BYTEA')
    .replace(/\) WITHOUT ROWID/g, ')')
}
