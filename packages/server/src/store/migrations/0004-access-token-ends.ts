import type { Migration } from './migration.ts'

/** So that each refresh finds what has ended of its family, however many of its tokens have not. */
export const accessTokenEnds: Migration = {
  version: 4,
  name: 'access token ends',
  statements: [
    'DROP INDEX access_tokens_family',
    'CREATE INDEX access_tokens_family ON access_tokens (company_id, user_id, client_id, family_id, expires_at)',
  ],
}
