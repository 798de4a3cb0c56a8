import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely'
import { inCommitSpan } from '../../tracing/database-span.ts'
import { type BearerRecord, bearerQueries } from '../bearer-record.ts'
import { makeFolder } from '../make-folder.ts'
import type { RememberedRows } from '../remembered-rows.ts'
import type { Schema } from '../schema.ts'
import { type Statement, type Store, StoreOpenError, type StoreStats, type WriteResult } from '../store.ts'
import { setLeftoversAside } from './backup.ts'
import { type BearerFinder, CachedBearers, UncachedBearers } from './bearer-finder.ts'
import { SnapshotRows } from './bearer-snapshot.ts'
import { ChangeLog } from './change-log.ts'
import { explainOpenError, openConnection } from './connection.ts'
import { FileIdentity } from './file-identity.ts'
import { kyselyDatabase } from './kysely-database.ts'
import { migrate, requireCurrentSchema } from './migrate.ts'
import { withinPingTimeout } from './ping-timeout.ts'
import { applyPlannerStatistics } from './planner-statistics.ts'
import { requireWritable, requireWritablePlace } from './readiness.ts'
import { InlineWriter, ThreadWriter, type Writer } from './writer.ts'

export interface SqliteOptions {
  /** A file, made with its folder if it is not there, or `:memory:`. */
  path: string
  /** Whether to bring an older schema up to date on opening; otherwise it is refused. */
  migrate?: boolean | undefined
  /**
   * Whether commits of other processes may be noticed by reading SQLite's WAL index, which is three times as fast as
   * asking SQLite; true if not set. Used on Linux only.
   */
  walIndex?: boolean | undefined
}

/**
 * Opens the embedded database.
 * @throws {StoreOpenError} with one sentence that says what is wrong and what to do
 */
export function openSqliteStore(options: SqliteOptions): Store {
  const inMemory = options.path === ':memory:'
  if (!inMemory) makeFolderOf(options.path)
  try {
    return inMemory ? openInMemory() : openFile(options)
  } catch (error) {
    throw error instanceof StoreOpenError ? error : explainOpenError(error, options.path)
  }
}

/**
 * Makes a database file or brings it up to date.
 * @returns the names of the migrations applied now
 * @throws {StoreOpenError}
 */
export function migrateFile(path: string): string[] {
  makeFolderOf(path)
  try {
    // Without its database, SQLite would delete it with the commits that it holds.
    setLeftoversAside(path)
    requireWritablePlace(path)
    const database = openConnection(path, 'write')
    try {
      const applied = migrate(database)
      applyPlannerStatistics(database)
      return applied
    } finally {
      database.close()
    }
  } catch (error) {
    throw error instanceof StoreOpenError ? error : explainOpenError(error, path)
  }
}

/** Whether keys were made in a database file: then it belongs to the secret that they are sealed under. */
export function hasMasterKeys(path: string): boolean {
  try {
    const database = openConnection(path, 'read')
    try {
      const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'master_keys'").get()
      return table !== undefined && database.prepare('SELECT 1 FROM master_keys LIMIT 1').get() !== undefined
    } finally {
      database.close()
    }
  } catch (error) {
    throw explainOpenError(error, path)
  }
}

function openInMemory(): Store {
  const database = openConnection(':memory:', 'write')
  migrate(database)
  applyPlannerStatistics(database)
  return new SqliteStore(database, new InlineWriter(database))
}

function openFile(options: SqliteOptions): Store {
  setLeftoversAside(options.path)
  requireWritablePlace(options.path)
  const setup = openConnection(options.path, 'write')
  try {
    if (options.migrate) migrate(setup)
    requireCurrentSchema(setup, options.path)
    applyPlannerStatistics(setup)
    return new SqliteStore(openConnection(options.path, 'read'), new ThreadWriter(options.path), options)
  } finally {
    setup.close()
  }
}

function makeFolderOf(path: string) {
  if (existsSync(path) && !statSync(path).isFile()) throw new StoreOpenError(`${path} is not a file.`)
  const folder = dirname(path)
  try {
    makeFolder(folder)
  } catch (error) {
    throw new StoreOpenError(`The folder ${folder} cannot be made or written to (${(error as Error).message}).`)
  }
}

/** A database file that other processes may use as well. */
interface OpenFile {
  path: string
  identity: FileIdentity
}

class SqliteStore implements Store {
  readonly engine = 'sqlite'
  readonly isDistributed = false
  readonly ready = Promise.resolve()
  readonly db: Kysely<Schema>
  readonly remembered: RememberedRows | undefined
  readonly #database: DatabaseSync
  readonly #reader: ReturnType<typeof kyselyDatabase>
  readonly #writer: Writer
  readonly #bearers: BearerFinder
  /** None where the database is in memory. */
  readonly #file: OpenFile | undefined

  /** @param options of a database file; left out for one in memory */
  constructor(database: DatabaseSync, writer: Writer, options?: SqliteOptions) {
    this.#database = database
    this.#writer = writer
    const identity = options && new FileIdentity(options.path)
    const requireSameFile = () => identity?.require()
    this.#reader = kyselyDatabase(database, requireSameFile)
    this.db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: this.#reader }) })
    if (!identity) {
      this.#bearers = new UncachedBearers(database, this.db)
      return
    }
    const { path, walIndex } = options
    this.#file = { path, identity }
    const changes = new ChangeLog(database, path, walIndex)
    const rows = new SnapshotRows(openConnection(path, 'read'), changes, bearerQueries(this.db))
    const bearers = new CachedBearers(changes, rows, requireSameFile)
    this.#bearers = bearers
    this.remembered = bearers.remembered
  }

  get replaced(): Promise<Error> | undefined {
    return this.#file?.identity.replaced
  }

  findBearer(tokenHash: string, companyId: number, beganBeforeTurn?: boolean): BearerRecord | undefined {
    return this.#bearers.find(tokenHash, companyId, beganBeforeTurn)
  }

  read<Row>({ sql, parameters }: CompiledQuery<Row>): Row[] {
    return this.#reader.prepare(sql).all(parameters) as Row[]
  }

  async ping() {
    await this.db.selectFrom('migrations').select('version').limit(1).execute()
    if (this.#file) requireWritable(this.#file.path)
    // It takes the lock for writing, and changes nothing.
    const write = this.write([{ sql: "UPDATE settings SET value = value WHERE name = ''", parameters: [] }])
    await withinPingTimeout(write)
  }

  async stats(): Promise<StoreStats> {
    const bearerLookups = this.#bearers.lookups
    if (!this.#file) {
      const pages = this.#database.prepare(
        'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size',
      )
      return { databaseBytes: Number(pages.get()!.bytes), bearerLookups }
    }
    const { path } = this.#file
    return { databaseBytes: sizeOf(path), walBytes: sizeOf(`${path}-wal`), bearerLookups }
  }

  async write(statements: readonly Statement[]): Promise<WriteResult[]> {
    this.#file?.identity.require()
    return inCommitSpan('sqlite', statements, () => this.#writer.write(statements))
  }

  async close() {
    await this.#writer.settle()
    this.#bearers.close()
    if (this.#database.isOpen && this.#file) this.#database.close()
    // Closed last, a connection that may write removes the WAL.
    await this.#writer.close()
    if (this.#database.isOpen) this.#database.close()
  }
}

/** In bytes; 0 where there is no such file. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
