import type { Migration } from './migration.ts'

const EVENTS = ['UPDATE', 'DELETE']

/**
 * On SQLite, a log of everything that the answer of a bearer check depends on: which token, member, company or app was
 * changed. It is written in the transaction of the change itself. Cascades are logged too, since they fire triggers.
 * PostgreSQL has had its own since version 18.
 */
export const bearerChanges: Migration = {
  version: 2,
  name: 'bearer changes',
  statements: ({ name }) => (name === 'sqlite' ? [createLog, ...createTriggers()] : []),
}

const createLog = `CREATE TABLE bearer_changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  company_id INTEGER,
  user_id INTEGER,
  token_hash BLOB,
  client_id TEXT
)`

function createTriggers(): string[] {
  return EVENTS.flatMap(event => [
    createTrigger('access_tokens', event, ['company_id', 'token_hash']),
    createTrigger('memberships', event, ['company_id', 'user_id']),
    createTrigger('companies', event, ['company_id']),
    createTrigger('apps', event, ['client_id']),
  ])
}

function createTrigger(table: string, event: string, columns: readonly string[]): string {
  const values = columns.map(column => `old.${column}`).join(', ')
  return `CREATE TRIGGER ${table}_bearer_${event.toLowerCase()} AFTER ${event} ON ${table} BEGIN
    INSERT INTO bearer_changes (${columns.join(', ')}) VALUES (${values});
  END`
}
