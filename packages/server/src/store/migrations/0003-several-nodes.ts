import type { Migration } from './migration.ts'

/** What nodes share besides what users see. */
export const severalNodes: Migration = {
  version: 3,
  name: 'several nodes',
  statements: [
    // What every node derives its keys from, each sealed under a secret that is not in the database.
    `CREATE TABLE master_keys (
      key_id INTEGER PRIMARY KEY,
      sealed TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      active_at INTEGER NOT NULL
    )`,
    // Work that one node at a time does.
    `CREATE TABLE leases (name TEXT PRIMARY KEY, leased_until INTEGER NOT NULL) WITHOUT ROWID`,
  ],
}
