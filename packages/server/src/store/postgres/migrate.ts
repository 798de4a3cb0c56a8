import { type AppliedMigration, isNoted, migrations, refuseUnknown } from '../migrate.ts'
import type { Migration } from '../migrations/migration.ts'
import { StoreOpenError } from '../store.ts'
import { requireUtf8 } from './readiness.ts'
import type { Session } from './session.ts'

/** One number for all programs that migrate: the letters `tny` and a zero. */
const LOCK = 0x746e7900

const UNDEFINED_COLUMN = '42703'
const DUPLICATE_TABLE = '42P07'
const OTHER_SOFTWARE =
  'The schema holds tables of other software. Give Tenantry a database of its own, or a schema: add ?options=-csearch_path%3Dtenantry to the address after CREATE SCHEMA tenantry.'

const known: readonly Migration[] = migrations.filter(({ only }) => only !== 'sqlite')

/**
 * Applies what is missing, each migration in a transaction of its own, under a lock that other programs wait for.
 * @returns the names of those applied now
 * @throws {StoreOpenError} when the database was made by a newer program
 */
export async function migratePostgres(session: Session, steps: readonly Migration[] = known): Promise<string[]> {
  const applied: string[] = []
  await requireUtf8(session)
  for (const migration of steps) {
    await inTransaction(session, async () => {
      if (await applyOnce(session, migration)) applied.push(migration.name)
    })
  }
  return applied
}

export async function inTransaction(session: Session, work: () => Promise<void>): Promise<void> {
  await session.query('BEGIN')
  try {
    await work()
    await session.query('COMMIT')
  } catch (error) {
    await session.query('ROLLBACK').catch(() => {})
    throw error
  }
}

async function applyOnce(session: Session, migration: Migration): Promise<boolean> {
  await session.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
  await session.query(
    'CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)',
  )
  await refuseNewer(session)
  const { count } = await session.query('SELECT 1 FROM migrations WHERE version = $1', [migration.version])
  if (count > 0) return false
  try {
    for (const sql of migration.statements) await session.query(toPostgres(sql))
  } catch (error) {
    if ((error as { code?: string }).code === DUPLICATE_TABLE) throw new StoreOpenError(OTHER_SOFTWARE)
    throw error
  }
  const applied = [migration.version, migration.name, Date.now()]
  await session.query('INSERT INTO migrations (version, name, applied_at) VALUES ($1, $2, $3)', applied)
  if (isNoted(migration)) {
    const note = [migration.worksWith ?? null, migration.version]
    await session.query('UPDATE migrations SET works_with = $1 WHERE version = $2', note)
  }
  return true
}

/** @throws {StoreOpenError} when the schema is older or newer than this program's */
export async function requireCurrentPostgres(session: Session): Promise<void> {
  await refuseNewer(session)
  if ((await schemaVersion(session)) < latest()) {
    throw new StoreOpenError('The database has an older schema than this program. Run `tenantry migrate` first.')
  }
}

async function refuseNewer(session: Session): Promise<void> {
  const newest = migrations.at(-1)!.version
  if ((await schemaVersion(session)) <= newest) return
  const { rows } = await session.query<AppliedMigration>(`SELECT * FROM migrations WHERE version > ${newest}`)
  refuseUnknown(rows, newest)
}

async function schemaVersion(session: Session): Promise<number> {
  const { rows } = await session.query<{ known: boolean }>("SELECT to_regclass('migrations') IS NOT NULL AS known")
  if (!rows[0]?.known) return 0
  try {
    const newest = await session.query<{ version: number | null }>('SELECT max(version) AS version FROM migrations')
    return newest.rows[0]?.version ?? 0
  } catch (error) {
    if ((error as { code?: string }).code === UNDEFINED_COLUMN) throw new StoreOpenError(OTHER_SOFTWARE)
    throw error
  }
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
