import type { Migration } from './migration.ts'

/** Background jobs find their rows by an index, without reading the others. */
export const backgroundIndexes: Migration = {
  version: 8,
  name: 'background indexes',
  statements: () => [
    'CREATE INDEX authorization_codes_unused ON authorization_codes (expires_at) WHERE used_at IS NULL',
    `CREATE INDEX uninstall_callbacks_app ON uninstall_callbacks (client_id, next_attempt_at)
      WHERE gave_up_at IS NULL`,
  ],
}

/** Used codes are deleted with their family; these belong to families that are gone already. */
export const codesOfEndedFamilies: Migration = {
  version: 9,
  name: 'codes of ended families',
  statements: () => [
    `DELETE FROM authorization_codes WHERE used_at IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM refresh_tokens AS token WHERE token.company_id = authorization_codes.company_id
        AND token.user_id = authorization_codes.user_id AND token.client_id = authorization_codes.client_id
        AND token.family_id = authorization_codes.family_id)`,
  ],
}
