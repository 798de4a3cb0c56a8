import type { Migration } from './migration.ts'

/** What background work looks for, found without going through what it does not look for. */
export const boundedWork: Migration = {
  version: 8,
  name: 'bounded work',
  statements: [
    'CREATE INDEX authorization_codes_unused ON authorization_codes (expires_at) WHERE used_at IS NULL',
    `CREATE INDEX uninstall_callbacks_app ON uninstall_callbacks (client_id, next_attempt_at)
      WHERE gave_up_at IS NULL`,
  ],
}

/** Used codes go with their family from now on; this is for those whose family is gone already. */
export const codesOfEndedFamilies: Migration = {
  version: 9,
  name: 'codes of ended families',
  statements: [
    `DELETE FROM authorization_codes WHERE used_at IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM refresh_tokens AS token WHERE token.company_id = authorization_codes.company_id
        AND token.user_id = authorization_codes.user_id AND token.client_id = authorization_codes.client_id
        AND token.family_id = authorization_codes.family_id)`,
  ],
}

/** The same as the statistics of earlier indexes, see migration 5. */
export const boundedWorkStatistics: Migration = {
  version: 10,
  name: 'bounded work statistics',
  only: 'sqlite',
  statements: [
    "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('authorization_codes', 'authorization_codes_unused', '1000 2')",
    "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('uninstall_callbacks', 'uninstall_callbacks_app', '1000 100 2')",
    'ANALYZE sqlite_schema',
  ],
}
