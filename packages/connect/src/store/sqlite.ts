import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { connectTables, type SqlRow, sqlStore } from './sql-store.ts'
import type { LinkStore } from './store.ts'

/** A store that has a database of its own to close. */
export interface SqliteStore extends LinkStore {
  close(): void
}

/**
 * Keeps links in a SQLite file by Node's own `node:sqlite`; makes the file and the tables where there are none. Several
 * processes may share it. Give a `DatabaseSync` to keep them beside the app's own tables.
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

/** Makes the file, where there is none, readable for its owner alone; SQLite gives what it makes beside it the same rights. */
function openPrivate(path: string): DatabaseSync {
  if (path !== ':memory:') {
    try {
      closeSync(openSync(path, 'wx', 0o600))
      chmodSync(path, 0o600)
    } catch (error) {
      // What is there already keeps its rights. What cannot be made, SQLite explains.
      if (!['EEXIST', 'EACCES', 'ENOENT', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  const database = new DatabaseSync(path, { timeout: 5000 })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  return database
}
