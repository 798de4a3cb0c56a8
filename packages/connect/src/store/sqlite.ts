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
  const database =
    typeof pathOrDatabase === 'string' ? new DatabaseSync(pathOrDatabase, { timeout: 5000 }) : pathOrDatabase
  if (typeof pathOrDatabase === 'string') database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
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
