import type { DatabaseSync } from 'node:sqlite'
import { inQuerySpan } from '../../tracing/database-span.ts'
import { PreparedStatements, type SqlValue } from './connection.ts'

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
        all: (parameters: readonly unknown[]) =>
          inQuerySpan('sqlite', sql, () => statement.all(...(parameters as SqlValue[]))),
        run: (parameters: readonly unknown[]) =>
          inQuerySpan('sqlite', sql, () => statement.run(...(parameters as SqlValue[]))),
        iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as SqlValue[])),
      }
    },
  }
}
