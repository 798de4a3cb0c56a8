import type { Migration } from './migration.ts'

/** The people who run the platform, as far as they may open its console. */
export const operators: Migration = {
  version: 32,
  name: 'operators',
  statements: ({ integer, withoutRowid }) => [
    `CREATE TABLE operators (
      user_id ${integer} PRIMARY KEY,
      added_at ${integer} NOT NULL,
      FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
    )${withoutRowid}`,
  ],
  worksWith: 11,
}
