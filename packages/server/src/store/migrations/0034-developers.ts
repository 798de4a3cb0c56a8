import type { Migration } from './migration.ts'

/** Apps that companies develop, their owners, and what apps were told of installations that ended. */
export const developers: Migration = {
  version: 34,
  name: 'developers',
  statements: ({ integer, withoutRowid }) => [
    "ALTER TABLE companies ADD COLUMN developers TEXT NOT NULL DEFAULT 'none'",
    `ALTER TABLE apps ADD COLUMN company_id ${integer}`,
    `ALTER TABLE apps ADD COLUMN published_at ${integer}`,
    'CREATE INDEX apps_of_company ON apps (company_id, client_id) WHERE company_id IS NOT NULL',
    `CREATE TABLE app_owners (
      company_id ${integer} NOT NULL,
      client_id TEXT NOT NULL,
      user_id ${integer} NOT NULL,
      added_at ${integer} NOT NULL,
      PRIMARY KEY (company_id, client_id, user_id),
      FOREIGN KEY (company_id, user_id) REFERENCES memberships (company_id, user_id) ON DELETE CASCADE
    )${withoutRowid}`,
    'CREATE INDEX app_owners_member ON app_owners (company_id, user_id)',
    `CREATE TABLE callback_deliveries (
      company_id ${integer} NOT NULL,
      client_id TEXT NOT NULL,
      attempted_at ${integer} NOT NULL,
      user_id ${integer} NOT NULL,
      ended_at ${integer} NOT NULL,
      attempt ${integer} NOT NULL,
      status ${integer},
      error TEXT,
      body TEXT NOT NULL,
      expires_at ${integer} NOT NULL,
      PRIMARY KEY (company_id, client_id, attempted_at, user_id, ended_at)
    )${withoutRowid}`,
    'CREATE INDEX callback_deliveries_app ON callback_deliveries (client_id, attempted_at)',
    'CREATE INDEX callback_deliveries_expiry ON callback_deliveries (expires_at)',
    `CREATE TABLE platform_figures (
      taken_at ${integer} NOT NULL PRIMARY KEY,
      database_bytes ${integer} NOT NULL,
      waiting_callbacks ${integer} NOT NULL,
      failed_callbacks ${integer} NOT NULL,
      waiting_mails ${integer} NOT NULL,
      expires_at ${integer} NOT NULL
    )${withoutRowid}`,
    'CREATE INDEX platform_figures_expiry ON platform_figures (expires_at)',
  ],
  worksWith: 11,
}
