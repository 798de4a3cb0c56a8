import type { Migration } from './migration.ts'

/** Tokens that are bound to a key of the client (RFC 9449): its thumbprint. */
export const boundTokens: Migration = {
  version: 25,
  name: 'bound tokens',
  statements: ({ integer }) => [
    'ALTER TABLE authorization_codes ADD COLUMN jkt TEXT',
    'ALTER TABLE refresh_tokens ADD COLUMN jkt TEXT',
    'ALTER TABLE access_tokens ADD COLUMN jkt TEXT',
    `ALTER TABLE apps ADD COLUMN require_dpop ${integer} NOT NULL DEFAULT 0`,
  ],
  worksWith: 11,
}
