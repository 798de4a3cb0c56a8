import type { Migration } from './migration.ts'

/** What people and operators know of an app, its rate limits, logos of companies, and the windows in which nodes count together. */
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
    `CREATE TABLE company_logos (
      company_id ${integer} NOT NULL PRIMARY KEY,
      type TEXT NOT NULL,
      bytes ${blob} NOT NULL,
      updated_at ${integer} NOT NULL,
      FOREIGN KEY (company_id) REFERENCES companies (company_id) ON DELETE CASCADE
    )`,
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
