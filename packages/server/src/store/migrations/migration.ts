/** One step forward. There is no way back: a mistake is corrected by the next step. */
export interface Migration {
  version: number
  name: string
  /** The statements, in the words of one engine. */
  statements(engine: MigrationEngine): readonly string[]
  /**
   * The oldest schema version whose programs work on the schema that this step makes, so that they may run beside newer
   * ones and be started again. Without it they are refused.
   */
  worksWith?: number
}

/** What differs between the engines: their words in definitions, and how a migration runs. */
export interface MigrationEngine {
  readonly name: 'sqlite' | 'postgres'
  /** A 64-bit integer. */
  readonly integer: string
  /** Bytes. */
  readonly blob: string
  /** Ends the definition of a table that is stored by its primary key, where the engine can. */
  readonly withoutRowid: string
  /** Begins the definition of a column that is always equal to another one: how such a column is stored. */
  readonly generated: string
  /** Begins a transaction during which no other migration runs. */
  readonly begin: readonly string[]
  /** One row with `found`, true or 1 if the table `migrations` exists. */
  readonly findMigrationsTable: string
}

export const sqliteMigrations: MigrationEngine = {
  name: 'sqlite',
  integer: 'INTEGER',
  blob: 'BLOB',
  withoutRowid: ' WITHOUT ROWID',
  generated: 'VIRTUAL',
  begin: ['BEGIN IMMEDIATE'],
  findMigrationsTable: "SELECT count(*) AS found FROM sqlite_master WHERE type = 'table' AND name = 'migrations'",
}

/** The lock's number is the letters `tny` and a zero. */
const ADVISORY_LOCK = 0x746e7900

export const postgresMigrations: MigrationEngine = {
  name: 'postgres',
  integer: 'BIGINT',
  blob: 'BYTEA',
  withoutRowid: '',
  generated: 'STORED',
  begin: ['BEGIN', `SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`],
  findMigrationsTable: "SELECT to_regclass('migrations') IS NOT NULL AS found",
}
