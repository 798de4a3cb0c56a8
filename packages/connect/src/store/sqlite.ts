import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { connectTables, type SqlRow, sqlStore } from './sql-store.ts'
import type { LinkStore } from './store.ts'

/** A store that has a database of its own to close. */
export interface SqliteStore extends LinkStore {
  close(): void
}

/**
 * Stores links in a SQLite file with Node's `node:sqlite`; creates the file and the tables if they do not exist. Several
 * processes may share it. Give a `DatabaseSync` to store them next to the app's own tables.
 * @example
 * ```ts
 * import { sqliteStore } from '@tenantry/connect/sqlite'
 * const store = sqliteStore(':memory:')
 * console.log(await store.acquireLease('refresh', 'process 1', 10_000))
 * ```
 */
export function sqliteStore(pathOrDatabase: string | DatabaseSync): SqliteStore {
  const database = typeof pathOrDatabase === 'string' ? openPrivate(pathOrDatabase) : pathOrDatabase
  for (const table of connectTables) database.exec(table)
  const statements = new Map<string, StatementSync>()
  const prepared = (text: string) => {
    const known = statements.get(text)
    if (known) return known
    const statement = database.prepare(text)
    statements.set(text, statement)
    return statement
  }
  const store = sqlStore({
    dialect: 'sqlite',
    query: async (text, values) => prepared(text).all(...values) as SqlRow[],
  })
  return { ...store, close: () => database.close() }
}

/** Creates the file readable for its owner only; SQLite gives its side files the same permissions. */
function openPrivate(path: string): DatabaseSync {
  if (path !== ':memory:') {
    try {
      closeSync(openSync(path, 'wx', 0o600))
      chmodSync(path, 0o600)
    } catch (error) {
      // An existing file keeps its permissions. If it cannot be created, SQLite explains why.
      if (!['EEXIST', 'EACCES', 'ENOENT', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  const database = new DatabaseSync(path, { timeout: 5000 })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  return database
}
