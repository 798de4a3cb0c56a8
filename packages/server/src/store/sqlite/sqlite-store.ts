import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { Kysely, SqliteDialect } from 'kysely'
import type { BearerChanges } from '../bearer-cache.ts'
import { makeFolder } from '../make-folder.ts'
import { migrate, requireCurrentSchema } from '../migrate.ts'
import type { Schema } from '../schema.ts'
import { type LookUp, NotReady, type Statement, type Store, StoreOpenError, type WriteResult } from '../store.ts'
import { setLeftoversAside } from './backup.ts'
import { SqliteBearerChanges } from './bearer-changes.ts'
import { type FindRow, prepareLookUp, SnapshotLookUps } from './bearer-look-ups.ts'
import { explainOpenError, openConnection, PreparedStatements, type SqlValue } from './connection.ts'
import { FileIdentity } from './file-identity.ts'
import { requireWritable, requireWritablePlace } from './readiness.ts'
import { InlineWriter, ThreadWriter, type Writer } from './writer.ts'

export interface SqliteOptions {
  /** A file, made with its folder if it is not there, or `:memory:`. */
  path: string
  /** Whether to bring an older schema up to date on opening; otherwise it is refused. */
  migrate?: boolean | undefined
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
      return migrate(database)
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
  return new SqliteStore(database, new InlineWriter(database))
}

function openFile(options: SqliteOptions): Store {
  setLeftoversAside(options.path)
  requireWritablePlace(options.path)
  const setup = openConnection(options.path, 'write')
  try {
    if (options.migrate) migrate(setup)
    requireCurrentSchema(setup, options.path)
    const reader = openConnection(options.path, 'read')
    const lookUps = new SnapshotLookUps(
      openConnection(options.path, 'read'),
      new SqliteBearerChanges(reader, options.path),
    )
    return new SqliteStore(
      reader,
      new ThreadWriter(options.path),
      lookUps,
      new FileIdentity(options.path),
      options.path,
    )
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

class SqliteStore implements Store {
  readonly engine = 'sqlite'
  readonly isDistributed = false
  readonly ready = Promise.resolve()
  readonly db: Kysely<Schema>
  readonly #database: DatabaseSync
  readonly #writer: Writer
  /** None where it is in memory. */
  readonly #path: string | undefined
  readonly #lookUps: SnapshotLookUps | undefined
  readonly #identity: FileIdentity | undefined
  readonly bearerChanges: BearerChanges | undefined

  constructor(
    database: DatabaseSync,
    writer: Writer,
    lookUps?: SnapshotLookUps,
    identity?: FileIdentity,
    path?: string,
  ) {
    this.#path = path
    this.#database = database
    this.#writer = writer
    this.#identity = identity
    this.bearerChanges = lookUps && requireIdentity(lookUps, identity!)
    this.#lookUps = lookUps
    const beforeEach = identity && (() => identity.require())
    this.db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: kyselyDatabase(database, beforeEach) }) })
  }

  get replaced(): Promise<Error> | undefined {
    return this.#identity?.replaced
  }

  prepare(lookUp: LookUp): FindRow {
    return this.#lookUps?.prepare(lookUp) ?? prepareLookUp(this.#database, lookUp)
  }

  async ping() {
    await this.db.selectFrom('migrations').select('version').limit(1).execute()
    if (this.#path !== undefined) requireWritable(this.#path)
    // It takes the lock for writing, and changes nothing.
    const write = this.write([{ sql: "UPDATE settings SET value = value WHERE name = ''", parameters: [] }])
    await answerSoon(write)
  }

  async write(statements: readonly Statement[]): Promise<WriteResult[]> {
    this.#identity?.require()
    return this.#writer.write(statements)
  }

  async close() {
    await this.#writer.settle()
    this.#lookUps?.close()
    if (this.#database.isOpen && this.#lookUps) this.#database.close()
    // The last to go, if it may write, leaves one file behind.
    await this.#writer.close()
    if (this.#database.isOpen) this.#database.close()
  }
}

const PING_PATIENCE = 2000

/** @throws {NotReady} where another program holds the lock for writing for too long */
async function answerSoon(write: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new NotReady('locked', 'another program has locked the database file for more than two seconds')),
      PING_PATIENCE,
    )
  })
  write.catch(() => {})
  try {
    await Promise.race([write, late])
  } finally {
    clearTimeout(timer)
  }
}

function requireIdentity(changes: BearerChanges, identity: FileIdentity): BearerChanges {
  return {
    poll() {
      identity.require()
      return changes.poll()
    },
  }
}

/**
 * Kysely's SQLite dialect speaks to better-sqlite3; this is the part of that interface it uses, on node:sqlite.
 * @param beforeEach runs before each statement, and may refuse it
 */
export function kyselyDatabase(database: DatabaseSync, beforeEach: () => void = () => {}) {
  const statements = new PreparedStatements(database)
  return {
    close: () => {},
    prepare(sql: string) {
      beforeEach()
      const { statement, returnsRows } = statements.get(sql)
      return {
        reader: returnsRows,
        all: (parameters: readonly unknown[]) => statement.all(...(parameters as SqlValue[])),
        run: (parameters: readonly unknown[]) => statement.run(...(parameters as SqlValue[])),
        iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as SqlValue[])),
      }
    },
  }
}
