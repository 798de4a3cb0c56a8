import type { Migration } from './migration.ts'

/** What several nodes share. */
export const severalNodes: Migration = {
  version: 3,
  name: 'several nodes',
  statements: ({ integer, withoutRowid }) => [
    // What every node derives its keys from, each sealed under a secret that is not in the database.
    `CREATE TABLE master_keys (
      key_id ${integer} PRIMARY KEY,
      sealed TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      active_at ${integer} NOT NULL
    )`,
    // Work that one node does at a time.
    `CREATE TABLE leases (name TEXT PRIMARY KEY, leased_until ${integer} NOT NULL)${withoutRowid}`,
  ],
}
