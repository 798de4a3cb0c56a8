import type { Migration } from './migration.ts'

/** What people recognise their sessions by, and when each was used last. */
export const sessionDevices: Migration = {
  version: 28,
  name: 'session devices',
  statements: ({ integer }) => [
    'ALTER TABLE sessions ADD COLUMN device TEXT',
    `ALTER TABLE sessions ADD COLUMN last_used_at ${integer}`,
  ],
  worksWith: 11,
}
