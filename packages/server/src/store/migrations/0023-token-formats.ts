import type { Migration } from './migration.ts'

/** Resource servers that check tokens by themselves. */
export const tokenFormats: Migration = {
  version: 23,
  name: 'token formats',
  statements: () => ["ALTER TABLE resource_servers ADD COLUMN token_format TEXT NOT NULL DEFAULT 'opaque'"],
  worksWith: 11,
}
