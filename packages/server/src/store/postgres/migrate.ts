import { type Migration, postgresMigrations } from '../migrations/migration.ts'
import { migrations, newestVersionOn, refuseNewer } from '../migrations/migrations.ts'
import { applyMigrations, listApplied, type MigrationRun, type Rows } from '../migrations/run-migrations.ts'
import { StoreOpenError } from '../store.ts'
import { requireUtf8 } from './readiness.ts'
import type { Session } from './session.ts'

/** Errors that tell of a schema with tables of the same names: undefined_column, duplicate_table. */
const FOREIGN_TABLES = new Set(['42703', '42P07'])
const OTHER_SOFTWARE =
  'The schema holds tables of other software. Give Tenantry a database of its own, or a schema: add ?options=-csearch_path%3Dtenantry to the address after CREATE SCHEMA tenantry.'

/**
 * Applies what is missing, each migration in a transaction of its own, under a lock that other programs wait for.
 * @returns the names of the migrations that were applied now
 * @throws {StoreOpenError} if the database was migrated by a newer program
 */
export async function migratePostgres(session: Session, known: readonly Migration[] = migrations): Promise<string[]> {
  await requireUtf8(session)
  return run(session, applyMigrations(postgresMigrations, known))
}

/** @throws {StoreOpenError} if the schema is older or newer than this program's */
export async function requireCurrentPostgres(session: Session): Promise<void> {
  const applied = await run(session, listApplied(postgresMigrations))
  refuseNewer(applied, migrations)
  if ((applied.at(-1)?.version ?? 0) < newestVersionOn(postgresMigrations)) {
    throw new StoreOpenError('The database has an older schema than this program. Run `tenantry migrate` first.')
  }
}

async function run<Result>(session: Session, statements: MigrationRun<Result>): Promise<Result> {
  let step = statements.next([])
  while (!step.done) {
    let rows: Rows
    try {
      rows = (await session.query(step.value)).rows as Rows
    } catch (error) {
      step = statements.throw(explain(error))
      continue
    }
    step = statements.next(rows)
  }
  return step.value
}

function explain(error: unknown): unknown {
  return FOREIGN_TABLES.has((error as { code?: string }).code ?? '') ? new StoreOpenError(OTHER_SOFTWARE) : error
}
