import type { Migration } from './migration.ts'

/** Client secrets that overlap, and members found by the e-mail address that their company knows. */
export const clientSecrets: Migration = {
  version: 6,
  name: 'client secrets',
  statements: ({ integer, blob }) => [
    // The newest is the one in `apps`; an older one is accepted until it expires.
    `CREATE TABLE client_secrets (
      client_id TEXT NOT NULL,
      secret_hash ${blob} NOT NULL,
      created_at ${integer} NOT NULL,
      expires_at ${integer},
      last_used_at ${integer},
      PRIMARY KEY (client_id, secret_hash),
      FOREIGN KEY (client_id) REFERENCES apps (client_id) ON DELETE CASCADE
    )`,
    `INSERT INTO client_secrets (client_id, secret_hash, created_at)
      SELECT client_id, secret_hash, created_at FROM apps WHERE secret_hash IS NOT NULL`,
    'CREATE INDEX memberships_email ON memberships (email)',
    'CREATE INDEX company_domains_company ON company_domains (company_id)',
  ],
}
