import type { Migration } from './migration.ts'

/** Who did what: written with each change, chained by hashes afterwards. */
export const audit: Migration = {
  version: 14,
  name: 'audit',
  statements: ({ integer, blob }) => [
    `CREATE TABLE audit_events (
      company_id ${integer} NOT NULL,
      event_id TEXT NOT NULL,
      action TEXT NOT NULL,
      actor_type TEXT NOT NULL,
      actor_id TEXT,
      user_id ${integer},
      client_id TEXT,
      entry TEXT NOT NULL,
      personal TEXT,
      salt TEXT,
      seq ${integer},
      hash ${blob},
      PRIMARY KEY (company_id, event_id)
    )`,
    'CREATE UNIQUE INDEX audit_events_chain ON audit_events (company_id, seq)',
    'CREATE INDEX audit_events_unchained ON audit_events (company_id, event_id) WHERE seq IS NULL',
    'CREATE INDEX audit_events_user ON audit_events (user_id) WHERE user_id IS NOT NULL',
  ],
  worksWith: 11,
}
