import type { Migration } from './migration.ts'

/** What people and operators know of an app, its rate limits, and the windows in which nodes count together. */
export const appFacts: Migration = {
  version: 16,
  name: 'app facts',
  statements: ({ integer, blob }) => [
    'ALTER TABLE apps ADD COLUMN home_url TEXT',
    'ALTER TABLE apps ADD COLUMN privacy_url TEXT',
    'ALTER TABLE apps ADD COLUMN terms_url TEXT',
    `ALTER TABLE apps ADD COLUMN verified_at ${integer}`,
    'ALTER TABLE apps ADD COLUMN verified_by TEXT',
    'ALTER TABLE apps ADD COLUMN rate_limits TEXT',
    `ALTER TABLE companies ADD COLUMN logo ${blob}`,
    'ALTER TABLE companies ADD COLUMN logo_type TEXT',
    `CREATE TABLE rate_windows (
      limit_key TEXT NOT NULL PRIMARY KEY,
      began_at ${integer} NOT NULL,
      used ${integer} NOT NULL,
      expires_at ${integer} NOT NULL
    )`,
    'CREATE INDEX rate_windows_expiry ON rate_windows (expires_at)',
  ],
  worksWith: 11,
}
