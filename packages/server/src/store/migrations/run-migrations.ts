import type { Migration, MigrationEngine } from './migration.ts'
import { type AppliedMigration, recordsWorksWith, refuseNewer } from './migrations.ts'

export type Rows = readonly Record<string, unknown>[]

/**
 * Yields SQL that the caller runs, at once or later, so that both engines share the rules. The caller gives back the rows,
 * or throws the engine's error into the generator.
 */
export type MigrationRun<Result> = Generator<string, Result, Rows>

/**
 * Applies what is missing, each migration in a transaction of its own. Safe to run twice, or by two programs at once.
 * @returns the names of the migrations that were applied now
 * @throws {StoreOpenError} if the database was migrated by a newer program
 */
export function* applyMigrations(engine: MigrationEngine, known: readonly Migration[]): MigrationRun<string[]> {
  refuseNewer(yield* listApplied(engine), known)
  const names: string[] = []
  for (const migration of known) {
    try {
      for (const sql of engine.begin) yield sql
      const isNew = yield* applyOnce(engine, migration, known)
      yield 'COMMIT'
      if (isNew) names.push(migration.name)
    } catch (error) {
      yield* rollBack()
      throw error
    }
  }
  return names
}

/** The migrations that a database has, oldest first; none for an empty database. */
export function* listApplied(engine: MigrationEngine): MigrationRun<AppliedMigration[]> {
  const [table] = yield engine.findMigrationsTable
  if (!table?.found) return []
  // All columns: the table of an earlier program has fewer.
  const rows = yield 'SELECT * FROM migrations ORDER BY version'
  return rows.map(({ version, works_with }) => ({
    version: Number(version),
    works_with: works_with == null ? null : Number(works_with),
  }))
}

function* applyOnce(engine: MigrationEngine, migration: Migration, known: readonly Migration[]): MigrationRun<boolean> {
  const { integer } = engine
  yield `CREATE TABLE IF NOT EXISTS migrations (version ${integer} PRIMARY KEY, name TEXT NOT NULL, applied_at ${integer} NOT NULL)`
  const applied = yield* listApplied(engine)
  // Another program may have migrated in the meantime.
  refuseNewer(applied, known)
  if (applied.some(({ version }) => version === migration.version)) return false
  const statements = migration.statements(engine)
  // It is for the other engine.
  if (statements.length === 0) return false
  for (const sql of statements) yield sql
  yield* record(migration)
  return true
}

function* record(migration: Migration): MigrationRun<void> {
  const { version, name, worksWith } = migration
  yield `INSERT INTO migrations (version, name, applied_at) VALUES (${version}, '${name}', ${Date.now()})`
  if (recordsWorksWith(migration)) {
    yield `UPDATE migrations SET works_with = ${worksWith ?? 'NULL'} WHERE version = ${version}`
  }
}

/** An error has ended the transaction, or it ends now. */
function* rollBack(): MigrationRun<void> {
  try {
    yield 'ROLLBACK'
  } catch {}
}
