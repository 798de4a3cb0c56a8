import type { Migration } from './migration.ts'

/** How often apps were used at companies, by day. */
export const appUses: Migration = {
  version: 31,
  name: 'app uses',
  statements: ({ integer, withoutRowid }) => [
    `CREATE TABLE app_uses (
      company_id ${integer} NOT NULL,
      client_id TEXT NOT NULL,
      day ${integer} NOT NULL,
      tokens ${integer} NOT NULL,
      sign_ins ${integer} NOT NULL,
      expires_at ${integer} NOT NULL,
      PRIMARY KEY (company_id, client_id, day),
      FOREIGN KEY (company_id) REFERENCES companies (company_id) ON DELETE CASCADE
    )${withoutRowid}`,
    'CREATE INDEX app_uses_expiry ON app_uses (expires_at)',
  ],
  worksWith: 11,
}
