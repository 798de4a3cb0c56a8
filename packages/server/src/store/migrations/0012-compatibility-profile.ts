import type { Migration } from './migration.ts'

/**
 * How an app speaks OAuth is its `profile`. Earlier programs read `wire`, a column that is generated from it and cannot
 * be written; a later step drops it.
 */
export const compatibilityProfile: Migration = {
  version: 12,
  name: 'compatibility profile',
  statements: ({ generated }) => [
    'ALTER TABLE apps RENAME COLUMN wire TO profile',
    `ALTER TABLE apps ADD COLUMN wire TEXT GENERATED ALWAYS AS (profile) ${generated}`,
  ],
  worksWith: 11,
}
