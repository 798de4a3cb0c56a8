import type { Migration } from './migration.ts'

const log = (table: string, event: string, columns: string, values: string) =>
  `CREATE TRIGGER ${table}_bearer_${event.toLowerCase()} AFTER ${event} ON ${table} BEGIN
    INSERT INTO bearer_changes (${columns}) VALUES (${values});
  END`

const events = ['UPDATE', 'DELETE']

/**
 * A log, written in the same transaction as the change itself, of everything that a bearer check's answer may depend
 * on: which token, which member, which company or which app. Cascades are logged too, since they fire triggers.
 */
export const bearerChanges: Migration = {
  version: 2,
  name: 'bearer changes',
  // Other engines are asked each time.
  only: 'sqlite',
  statements: [
    `CREATE TABLE bearer_changes (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      company_id INTEGER,
      user_id INTEGER,
      token_hash BLOB,
      client_id TEXT
    )`,
    ...events.flatMap(event => [
      log('access_tokens', event, 'company_id, token_hash', 'old.company_id, old.token_hash'),
      log('memberships', event, 'company_id, user_id', 'old.company_id, old.user_id'),
      log('companies', event, 'company_id', 'old.company_id'),
      log('apps', event, 'client_id', 'old.client_id'),
    ]),
  ],
}
