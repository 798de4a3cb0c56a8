import type { Migration } from './migration.ts'

/** Apps that are installed for a whole company: their app users, and which members they serve. */
export const companyInstallations: Migration = {
  version: 29,
  name: 'company installations',
  statements: ({ integer, withoutRowid }) => [
    "ALTER TABLE apps ADD COLUMN install TEXT NOT NULL DEFAULT 'user'",
    'ALTER TABLE memberships ADD COLUMN app_client_id TEXT',
    `CREATE UNIQUE INDEX memberships_app ON memberships (app_client_id, company_id)
      WHERE app_client_id IS NOT NULL`,
    "ALTER TABLE installations ADD COLUMN kind TEXT NOT NULL DEFAULT 'user'",
    `ALTER TABLE installations ADD COLUMN installed_by ${integer}`,
    'ALTER TABLE installations ADD COLUMN audience TEXT',
    `CREATE UNIQUE INDEX installations_of_company ON installations (company_id, client_id)
      WHERE kind = 'company'`,
    "ALTER TABLE uninstall_callbacks ADD COLUMN kind TEXT NOT NULL DEFAULT 'user'",
    `CREATE TABLE member_access (
      company_id ${integer} NOT NULL,
      client_id TEXT NOT NULL,
      user_id ${integer} NOT NULL,
      access TEXT,
      left_out_at ${integer},
      withheld TEXT,
      PRIMARY KEY (company_id, client_id, user_id),
      FOREIGN KEY (company_id, user_id) REFERENCES memberships (company_id, user_id) ON DELETE CASCADE
    )${withoutRowid}`,
    'CREATE INDEX member_access_member ON member_access (company_id, user_id)',
    'CREATE INDEX member_access_app ON member_access (client_id)',
  ],
  worksWith: 11,
}
