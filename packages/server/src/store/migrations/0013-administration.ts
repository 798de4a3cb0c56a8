import type { Migration } from './migration.ts'

/** Keys of the admin API, the answers that it repeats, and the ids of deleted companies, which stay taken. */
export const administration: Migration = {
  version: 13,
  name: 'administration',
  statements: ({ integer, blob }) => [
    `CREATE TABLE admin_keys (
      key_id TEXT NOT NULL PRIMARY KEY,
      name TEXT NOT NULL,
      key_hash ${blob} NOT NULL UNIQUE,
      scopes TEXT NOT NULL,
      company_id ${integer},
      created_at ${integer} NOT NULL,
      expires_at ${integer},
      last_used_at ${integer}
    )`,
    `CREATE TABLE idempotency_keys (
      key_id TEXT NOT NULL,
      request_key ${blob} NOT NULL,
      request_hash ${blob} NOT NULL,
      plan TEXT NOT NULL,
      answer TEXT,
      expires_at ${integer} NOT NULL,
      PRIMARY KEY (key_id, request_key)
    )`,
    `ALTER TABLE users ADD COLUMN imported_hash ${blob}`,
    'CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at)',
    // An app is deleted with its installations, which are found by it.
    'CREATE INDEX installations_app ON installations (client_id)',
    `CREATE TABLE deleted_companies (company_id ${integer} NOT NULL PRIMARY KEY, deleted_at ${integer} NOT NULL)`,
    // Companies that were deleted before have only their domains left.
    `INSERT INTO deleted_companies (company_id, deleted_at)
      SELECT DISTINCT d.company_id, 0 FROM company_domains AS d
      WHERE NOT EXISTS (SELECT 1 FROM companies AS c WHERE c.company_id = d.company_id)`,
  ],
  worksWith: 11,
}
