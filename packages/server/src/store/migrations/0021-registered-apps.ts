import type { Migration } from './migration.ts'

/** Apps that register themselves. */
export const registeredApps: Migration = {
  version: 21,
  name: 'registered apps',
  statements: ({ integer, blob }) => [
    `ALTER TABLE apps ADD COLUMN registration_token_hash ${blob}`,
    `ALTER TABLE apps ADD COLUMN unused_until ${integer}`,
    'CREATE INDEX apps_unused ON apps (unused_until) WHERE unused_until IS NOT NULL',
  ],
  worksWith: 11,
}
