import type { DatabaseSync } from 'node:sqlite'
import { inTransaction } from './transaction.ts'

/**
 * What SQLite's planner is told of each index: how many rows there are, and how many of them are alike in its first
 * column, in its first two, and so on (https://sqlite.org/fileformat2.html#the_sqlite_stat1_table). A primary key of a
 * `WITHOUT ROWID` table has the table's name.
 *
 * Without statistics the planner assumes ten tokens per company and reads all of them to find those of one family. These
 * describe a large company rather than what is there, so that every database has the same plans.
 */
const statistics: readonly (readonly [table: string, index: string, rows: string])[] = [
  ['access_tokens', 'access_tokens', '1000000 1000 1'],
  ['access_tokens', 'access_tokens_family', '1000000 1000 4 2 2 1'],
  ['authorization_codes', 'authorization_codes', '100000 1000 1'],
  ['authorization_codes', 'authorization_codes_expiry', '100000 2'],
  ['authorization_codes', 'authorization_codes_installation', '100000 1000 2 1'],
  ['authorization_codes', 'authorization_codes_unused', '1000 2'],
  ['installations', 'installations', '1000000 1000 2 1'],
  ['memberships', 'memberships', '1000000 1000 1'],
  ['memberships', 'memberships_email', '1000000 2'],
  ['refresh_tokens', 'refresh_tokens', '1000000 1000 1'],
  ['refresh_tokens', 'refresh_tokens_expiry', '1000000 2'],
  ['refresh_tokens', 'refresh_tokens_family', '1000000 1000 4 2 2'],
  ['uninstall_callbacks', 'uninstall_callbacks', '10000 100 2 2 1'],
  ['uninstall_callbacks', 'uninstall_callbacks_app', '1000 100 2'],
  ['uninstall_callbacks', 'uninstall_callbacks_due', '1000 2'],
]

/**
 * Writes the statistics unless they are there, so that an `ANALYZE` by an operator lasts until the next start at most.
 * Connections that are opened afterwards plan by them.
 */
export function applyPlannerStatistics(database: DatabaseSync) {
  if (hasStatistics(database)) return
  inTransaction(database, () => {
    // Creates the table if it does not exist.
    database.exec('ANALYZE sqlite_schema')
    database.exec('DELETE FROM sqlite_stat1')
    const insert = database.prepare('INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)')
    for (const [table, index, rows] of statistics) insert.run(table, index, rows)
    // Loads them into this connection.
    database.exec('ANALYZE sqlite_schema')
  })
}

function hasStatistics(database: DatabaseSync): boolean {
  if (!database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").get()) return false
  const found = database.prepare('SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY tbl, idx').all()
  const asText = (rows: readonly (readonly unknown[])[]) => JSON.stringify(rows)
  return asText(found.map(({ tbl, idx, stat }) => [tbl, idx, stat])) === asText(statistics)
}
