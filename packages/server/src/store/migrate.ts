import type { DatabaseSync } from 'node:sqlite'
import { frontDoor } from './migrations/0001-front-door.ts'
import { bearerChanges } from './migrations/0002-bearer-changes.ts'
import { severalNodes } from './migrations/0003-several-nodes.ts'
import { accessTokenEnds } from './migrations/0004-access-token-ends.ts'
import { queryStatistics } from './migrations/0005-query-statistics.ts'
import { administration, administrationStatistics } from './migrations/0006-administration.ts'
import { boundedWork, boundedWorkStatistics, codesOfEndedFamilies } from './migrations/0008-bounded-work.ts'
import { sideBySide } from './migrations/0011-side-by-side.ts'
import type { Migration } from './migrations/migration.ts'
import { StoreOpenError } from './store.ts'

/** Every migration, oldest first. */
export const migrations: readonly Migration[] = [
  frontDoor,
  bearerChanges,
  severalNodes,
  accessTokenEnds,
  queryStatistics,
  administration,
  administrationStatistics,
  boundedWork,
  codesOfEndedFamilies,
  boundedWorkStatistics,
  sideBySide,
]

const MIGRATIONS_TABLE =
  'CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL)'

/**
 * Applies what is missing, each migration in a transaction of its own. Safe to run twice or by two programs at once.
 * @returns the names of those applied now
 * @throws {StoreOpenError} when the database was made by a newer program
 */
export function migrate(database: DatabaseSync, known: readonly Migration[] = migrations): string[] {
  refuseNewer(database, known)
  return known.filter(migration => applyOnce(database, migration)).map(migration => migration.name)
}

/** @throws {StoreOpenError} when the schema is older or newer than this program's */
export function requireCurrentSchema(database: DatabaseSync, path: string) {
  refuseNewer(database, migrations)
  if (schemaVersion(database) < latest(migrations)) {
    throw new StoreOpenError(`${path} has an older schema than this program. Run \`tenantry migrate\` first.`)
  }
}

/** @throws {StoreOpenError} when it is no database of ours, or a newer program's; an older one can be migrated */
export function requireReadableSchema(database: DatabaseSync, path: string) {
  refuseNewer(database, migrations)
  if (schemaVersion(database) === 0) throw new StoreOpenError(`${path} is not a database of Tenantry.`)
}

/** The version of the newest migration applied, 0 for an empty database. */
export function schemaVersion(database: DatabaseSync): number {
  const known = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'").get()
  if (!known) return 0
  return Number(database.prepare('SELECT max(version) AS version FROM migrations').get()?.version ?? 0)
}

function refuseNewer(database: DatabaseSync, known: readonly Migration[]) {
  if (schemaVersion(database) <= latest(known)) return
  // All columns, since an earlier program's migrations have fewer.
  const newer = database.prepare(`SELECT * FROM migrations WHERE version > ${latest(known)}`).all()
  refuseUnknown(newer as unknown as AppliedMigration[], latest(known))
}

/** A step that a program finds in a database. */
export interface AppliedMigration {
  version: number
  works_with?: number | null
}

/** @throws {StoreOpenError} unless each of these steps says that a program which knows steps up to `newest` works with it */
export function refuseUnknown(newer: readonly AppliedMigration[], newest: number) {
  if (newer.every(({ works_with }) => typeof works_with === 'number' && works_with <= newest)) return
  const version = Math.max(...newer.map(each => each.version))
  throw new StoreOpenError(
    `The database has schema version ${version}, and this program knows up to ${newest}. Use the newer program; nothing was changed.`,
  )
}

/** For the step that has made the column, and those after it. */
export function isNoted({ version }: Migration): boolean {
  return version >= sideBySide.version
}

function latest(known: readonly Migration[]): number {
  return known.at(-1)?.version ?? 0
}

function applyOnce(database: DatabaseSync, migration: Migration): boolean {
  database.exec('BEGIN IMMEDIATE')
  try {
    database.exec(MIGRATIONS_TABLE)
    const applied = database.prepare('SELECT 1 FROM migrations WHERE version = ?').get(migration.version)
    if (!applied) {
      for (const sql of migration.statements) database.exec(sql)
      const record = database.prepare('INSERT INTO migrations (version, name, applied_at) VALUES (?, ?, ?)')
      record.run(migration.version, migration.name, Date.now())
      if (isNoted(migration)) {
        const note = database.prepare('UPDATE migrations SET works_with = ? WHERE version = ?')
        note.run(migration.worksWith ?? null, migration.version)
      }
    }
    database.exec('COMMIT')
    return !applied
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
