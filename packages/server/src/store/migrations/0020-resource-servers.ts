import type { Migration } from './migration.ts'

/** APIs that check tokens, the scopes that they own, and which of them a code or a token is for. */
export const resourceServers: Migration = {
  version: 20,
  name: 'resource servers',
  statements: ({ integer, blob }) => [
    `CREATE TABLE resource_servers (
      resource_server_id ${integer} NOT NULL PRIMARY KEY,
      client_id TEXT NOT NULL,
      name TEXT NOT NULL,
      identifier TEXT NOT NULL,
      describes_users ${integer} NOT NULL,
      secret_hash ${blob} NOT NULL,
      earlier_secret_hash ${blob},
      earlier_secret_until ${integer},
      created_at ${integer} NOT NULL
    )`,
    'CREATE UNIQUE INDEX resource_servers_client ON resource_servers (client_id)',
    'CREATE UNIQUE INDEX resource_servers_identifier ON resource_servers (identifier)',
    `CREATE TABLE resource_scopes (
      scope TEXT NOT NULL PRIMARY KEY,
      resource_server_id ${integer} NOT NULL,
      texts TEXT NOT NULL
    )`,
    'CREATE INDEX resource_scopes_server ON resource_scopes (resource_server_id)',
    'ALTER TABLE authorization_codes ADD COLUMN resources TEXT',
    'ALTER TABLE refresh_tokens ADD COLUMN resources TEXT',
    'ALTER TABLE access_tokens ADD COLUMN resources TEXT',
  ],
  worksWith: 11,
}
