import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { makePrivateDatabase } from '../private-file.ts'
import { StoreOpenError } from '../store.ts'

export type SqlValue = null | number | bigint | string | Uint8Array

/** How long a statement waits for another process's lock before it fails, in milliseconds. */
const BUSY_TIMEOUT = 5000

/** The number of WAL pages from which SQLite checkpoints; the WAL is reset once no reader uses it. */
export const CHECKPOINT_PAGES = 4000

/** Opens a database file (or `:memory:`) with the settings that keep promise 10: WAL and a synced commit. */
export function openConnection(path: string, mode: 'read' | 'write'): DatabaseSync {
  if (mode === 'write' && path !== ':memory:') makePrivateDatabase(path)
  const database = new DatabaseSync(path, { readOnly: mode === 'read', timeout: BUSY_TIMEOUT })
  if (mode === 'write') {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
    database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  }
  // Pages are read where the system has mapped them; the cache, of at most 16 MB, is for what must be copied.
  database.exec('PRAGMA mmap_size = 2147418112; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY')
  return database
}

/** SQLite's words, or the operating system's. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && /disk is full|ENOSPC|EDQUOT/.test(error.message)
}

/** Says in one sentence why a database file could not be opened. */
export function explainOpenError(error: unknown, path: string): StoreOpenError {
  const reason = error instanceof Error ? error.message : String(error)
  if (/not a database|malformed|disk image/.test(reason)) {
    return new StoreOpenError(`${path} is not a database that Tenantry can read (${reason}). Restore it from a backup.`)
  }
  if (/unable to open|readonly|read-only|EACCES|EROFS|ENOENT/.test(reason)) {
    return new StoreOpenError(`${path} cannot be opened for writing (${reason}). Check the folder and its permissions.`)
  }
  if (isDiskFull(error)) {
    return new StoreOpenError(`The disk of ${path} is full. Free some space and try again; nothing was lost.`)
  }
  if (/locked|busy/.test(reason)) {
    return new StoreOpenError(`${path} is locked by another program. Close it and try again.`)
  }
  return new StoreOpenError(`${path} cannot be opened: ${reason}.`)
}

export interface PreparedStatement {
  statement: StatementSync
  returnsRows: boolean
}

/** Keeps each SQL text's prepared statement; the texts are few, since they come from code. */
export class PreparedStatements {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, PreparedStatement>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  get(sql: string): PreparedStatement {
    let prepared = this.#statements.get(sql)
    if (!prepared) {
      const statement = this.#database.prepare(sql)
      prepared = { statement, returnsRows: statement.columns().length > 0 }
      this.#statements.set(sql, prepared)
    }
    return prepared
  }
}
