import type { Migration } from './migration.ts'

/** Keys that sign, and where the chains of the audit log were cut. */
export const auditCheckpoints: Migration = {
  version: 17,
  name: 'audit checkpoints',
  statements: ({ integer, blob }) => [
    `CREATE TABLE signing_keys (
      key_id TEXT NOT NULL PRIMARY KEY,
      purpose TEXT NOT NULL,
      sealed TEXT NOT NULL,
      created_at ${integer} NOT NULL
    )`,
    `CREATE TABLE audit_checkpoints (
      company_id ${integer} NOT NULL PRIMARY KEY,
      seq ${integer} NOT NULL,
      hash ${blob} NOT NULL,
      cut_at ${integer} NOT NULL,
      signed TEXT NOT NULL
    )`,
  ],
  worksWith: 11,
}
