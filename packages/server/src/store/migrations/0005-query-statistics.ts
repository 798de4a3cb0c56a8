import type { Migration } from './migration.ts'

/**
 * How many rows a table has, and how many of them are alike in the first column of an index, in the first two, and so
 * on (https://sqlite.org/fileformat2.html#the_sqlite_stat1_table). `WITHOUT ROWID`, a primary key has its table's name.
 */
const statistics: [table: string, index: string, rows: string][] = [
  ['memberships', 'memberships', '1000000 1000 1'],
  ['installations', 'installations', '1000000 1000 2 1'],
  ['authorization_codes', 'authorization_codes', '100000 1000 1'],
  ['authorization_codes', 'authorization_codes_installation', '100000 1000 2 1'],
  ['authorization_codes', 'authorization_codes_expiry', '100000 2'],
  ['access_tokens', 'access_tokens', '1000000 1000 1'],
  ['access_tokens', 'access_tokens_family', '1000000 1000 4 2 2 1'],
  ['refresh_tokens', 'refresh_tokens', '1000000 1000 1'],
  ['refresh_tokens', 'refresh_tokens_family', '1000000 1000 4 2 2'],
  ['refresh_tokens', 'refresh_tokens_expiry', '1000000 2'],
  ['uninstall_callbacks', 'uninstall_callbacks', '10000 100 2 2 1'],
  ['uninstall_callbacks', 'uninstall_callbacks_due', '1000 2'],
]

/**
 * What SQLite's planner is told of the tables. Told nothing, it believes that a company has ten tokens, and goes through
 * all of a company's to find those of one family: a refresh took the longer, the larger the company was. What it is told
 * is what a large company looks like, and not what is there: that would differ from one database to the next, and the
 * plans with it.
 */
export const queryStatistics: Migration = {
  version: 5,
  name: 'query statistics',
  only: 'sqlite',
  statements: [
    // Makes the table where there is none.
    'ANALYZE sqlite_schema',
    'DELETE FROM sqlite_stat1',
    ...statistics.map(
      ([table, index, rows]) => `INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('${table}', '${index}', '${rows}')`,
    ),
    // Read from now on.
    'ANALYZE sqlite_schema',
  ],
}
