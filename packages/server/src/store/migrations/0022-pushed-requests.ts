import type { Migration } from './migration.ts'

/** Authorization requests that apps have sent beforehand (RFC 9126). */
export const pushedRequests: Migration = {
  version: 22,
  name: 'pushed requests',
  statements: ({ integer, blob, withoutRowid }) => [
    `CREATE TABLE pushed_requests (
      request_hash ${blob} NOT NULL PRIMARY KEY,
      client_id TEXT NOT NULL,
      query TEXT NOT NULL,
      begun_at ${integer},
      browser_hash ${blob},
      expires_at ${integer} NOT NULL
    )${withoutRowid}`,
    'CREATE INDEX pushed_requests_expiry ON pushed_requests (expires_at)',
    `ALTER TABLE apps ADD COLUMN require_par ${integer} NOT NULL DEFAULT 0`,
  ],
  worksWith: 11,
}
