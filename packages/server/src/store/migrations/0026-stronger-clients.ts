import type { Migration } from './migration.ts'

/** Apps whose keys are at an address, and what of the device flow (RFC 8628) each may do. */
export const strongerClients: Migration = {
  version: 26,
  name: 'stronger clients',
  statements: ({ integer, blob, withoutRowid }) => [
    'ALTER TABLE apps ADD COLUMN jwks_uri TEXT',
    `ALTER TABLE apps ADD COLUMN device_flow ${integer} NOT NULL DEFAULT 1`,
    // Those that registered themselves have not asked for it.
    `UPDATE apps SET device_flow = 0 WHERE registration_token_hash IS NOT NULL OR document_expires_at IS NOT NULL`,
    `CREATE TABLE device_requests (
      user_code_hash ${blob} NOT NULL PRIMARY KEY,
      device_code_hash ${blob} NOT NULL,
      client_id TEXT NOT NULL,
      query TEXT NOT NULL,
      expires_at ${integer} NOT NULL,
      begun_at ${integer},
      browser_hash ${blob},
      polled_at ${integer},
      poll_interval ${integer} NOT NULL,
      denied_at ${integer},
      company_id ${integer}
    )${withoutRowid}`,
    'CREATE INDEX device_requests_expiry ON device_requests (expires_at)',
  ],
  worksWith: 11,
}
