import type { Migration } from './migration.ts'

/** What companies let their members allow, and what members have asked for. */
export const appPolicies: Migration = {
  version: 27,
  name: 'app policies',
  statements: ({ integer, withoutRowid }) => [
    "ALTER TABLE companies ADD COLUMN app_policy TEXT NOT NULL DEFAULT 'allow'",
    'ALTER TABLE companies ADD COLUMN blocked_apps TEXT',
    'ALTER TABLE companies ADD COLUMN blocked_scopes TEXT',
    'ALTER TABLE companies ADD COLUMN blocked_hosts TEXT',
    `CREATE TABLE app_policies (
      company_id ${integer} NOT NULL,
      client_id TEXT NOT NULL,
      decision TEXT NOT NULL,
      decided_at ${integer} NOT NULL,
      decided_by TEXT,
      PRIMARY KEY (company_id, client_id),
      FOREIGN KEY (company_id) REFERENCES companies (company_id) ON DELETE CASCADE
    )${withoutRowid}`,
    'CREATE INDEX app_policies_app ON app_policies (client_id)',
    `CREATE TABLE app_requests (
      company_id ${integer} NOT NULL,
      client_id TEXT NOT NULL,
      user_id ${integer} NOT NULL,
      scopes TEXT NOT NULL,
      reason TEXT NOT NULL,
      requested_at ${integer} NOT NULL,
      decision TEXT,
      decided_at ${integer},
      decided_by TEXT,
      PRIMARY KEY (company_id, client_id, user_id),
      FOREIGN KEY (company_id, user_id) REFERENCES memberships (company_id, user_id) ON DELETE CASCADE
    )${withoutRowid}`,
    'CREATE INDEX installations_of_app ON installations (company_id, client_id, user_id)',
    'CREATE INDEX app_requests_app ON app_requests (client_id)',
    'CREATE INDEX app_requests_member ON app_requests (company_id, user_id)',
  ],
  worksWith: 11,
}
