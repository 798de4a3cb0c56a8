import type { Migration } from './migration.ts'

/** Which earlier programs a step leaves working, so that they can tell. */
export const sideBySide: Migration = {
  version: 11,
  name: 'side by side',
  statements: ['ALTER TABLE migrations ADD COLUMN works_with INTEGER'],
}
