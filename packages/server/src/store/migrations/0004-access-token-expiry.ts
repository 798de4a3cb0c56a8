import type { Migration } from './migration.ts'

/** A refresh finds the expired tokens of its family by the index, however many others the family has. */
export const accessTokenExpiry: Migration = {
  version: 4,
  name: 'access token expiry',
  statements: () => [
    'DROP INDEX access_tokens_family',
    'CREATE INDEX access_tokens_family ON access_tokens (company_id, user_id, client_id, family_id, expires_at)',
  ],
}
