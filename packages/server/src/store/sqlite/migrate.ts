import type { DatabaseSync } from 'node:sqlite'
import { type Migration, sqliteMigrations } from '../migrations/migration.ts'
import { migrations, newestVersionOn, refuseNewer } from '../migrations/migrations.ts'
import { applyMigrations, listApplied, type MigrationRun, type Rows } from '../migrations/run-migrations.ts'
import { StoreOpenError } from '../store.ts'

/**
 * Applies what is missing, each migration in a transaction of its own. Safe to run twice, or by two programs at once.
 * @returns the names of the migrations that were applied now
 * @throws {StoreOpenError} if the database was migrated by a newer program
 */
export function migrate(database: DatabaseSync, known: readonly Migration[] = migrations): string[] {
  return run(database, applyMigrations(sqliteMigrations, known))
}

/** @throws {StoreOpenError} if the schema is older or newer than this program's */
export function requireCurrentSchema(database: DatabaseSync, path: string) {
  refuseNewer(run(database, listApplied(sqliteMigrations)), migrations)
  if (schemaVersion(database) < newestVersionOn(sqliteMigrations)) {
    throw new StoreOpenError(`${path} has an older schema than this program. Run \`tenantry migrate\` first.`)
  }
}

/** @throws {StoreOpenError} if it is not a database of ours, or a newer program's; an older one can be migrated */
export function requireReadableSchema(database: DatabaseSync, path: string) {
  const applied = run(database, listApplied(sqliteMigrations))
  refuseNewer(applied, migrations)
  if (applied.length === 0) throw new StoreOpenError(`${path} is not a database of Tenantry.`)
}

/** The version of the newest migration applied, 0 for an empty database. */
export function schemaVersion(database: DatabaseSync): number {
  return run(database, listApplied(sqliteMigrations)).at(-1)?.version ?? 0
}

function run<Result>(database: DatabaseSync, statements: MigrationRun<Result>): Result {
  let step = statements.next([])
  while (!step.done) {
    let rows: Rows
    try {
      rows = database.prepare(step.value).all()
    } catch (error) {
      step = statements.throw(error)
      continue
    }
    step = statements.next(rows)
  }
  return step.value
}
