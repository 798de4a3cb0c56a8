import type { Migration } from './migration.ts'

/** Each later step records which earlier programs work with it. */
export const sideBySide: Migration = {
  version: 11,
  name: 'side by side',
  statements: ({ integer }) => [`ALTER TABLE migrations ADD COLUMN works_with ${integer}`],
}
