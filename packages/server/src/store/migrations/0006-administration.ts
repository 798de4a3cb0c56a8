import type { Migration } from './migration.ts'

/** Client secrets that overlap, and members found by the e-mail address that their company knows. */
export const administration: Migration = {
  version: 6,
  name: 'administration',
  statements: [
    // The newest is the one in `apps`; an older one is accepted until it expires.
    `CREATE TABLE client_secrets (
      client_id TEXT NOT NULL,
      secret_hash BLOB NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER,
      last_used_at INTEGER,
      PRIMARY KEY (client_id, secret_hash),
      FOREIGN KEY (client_id) REFERENCES apps (client_id) ON DELETE CASCADE
    )`,
    `INSERT INTO client_secrets (client_id, secret_hash, created_at)
      SELECT client_id, secret_hash, created_at FROM apps WHERE secret_hash IS NOT NULL`,
    'CREATE INDEX memberships_email ON memberships (email)',
    'CREATE INDEX company_domains_company ON company_domains (company_id)',
  ],
}

/** The same as the statistics of earlier indexes, see migration 5. */
export const administrationStatistics: Migration = {
  version: 7,
  name: 'administration statistics',
  only: 'sqlite',
  statements: [
    "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('memberships', 'memberships_email', '1000000 2')",
    'ANALYZE sqlite_schema',
  ],
}
