import type { Migration } from './migration.ts'

/** Apps whose client id is the address of a document that describes them. */
export const metadataDocuments: Migration = {
  version: 24,
  name: 'metadata documents',
  statements: ({ integer }) => [`ALTER TABLE apps ADD COLUMN document_expires_at ${integer}`],
  worksWith: 11,
}
