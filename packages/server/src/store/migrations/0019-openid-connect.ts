import type { Migration } from './migration.ts'

/** ID tokens, logout at apps, and the queue of what they are told. */
export const openidConnect: Migration = {
  version: 19,
  name: 'openid connect',
  statements: ({ integer, withoutRowid }) => [
    'ALTER TABLE apps ADD COLUMN id_token_algorithm TEXT',
    'ALTER TABLE apps ADD COLUMN post_logout_redirect_uris TEXT',
    'ALTER TABLE apps ADD COLUMN backchannel_logout_url TEXT',
    'ALTER TABLE authorization_codes ADD COLUMN openid TEXT',
    'ALTER TABLE refresh_tokens ADD COLUMN openid TEXT',
    'ALTER TABLE sessions ADD COLUMN sid TEXT',
    `CREATE TABLE openid_sessions (
      sid TEXT NOT NULL,
      client_id TEXT NOT NULL,
      company_id ${integer} NOT NULL,
      user_id ${integer} NOT NULL,
      expires_at ${integer} NOT NULL,
      PRIMARY KEY (sid, client_id, company_id)
    )${withoutRowid}`,
    'CREATE INDEX openid_sessions_user ON openid_sessions (user_id)',
    'CREATE INDEX openid_sessions_expiry ON openid_sessions (expires_at)',
    `CREATE TABLE logout_callbacks (
      company_id ${integer} NOT NULL,
      user_id ${integer} NOT NULL,
      client_id TEXT NOT NULL,
      sid TEXT NOT NULL,
      ended_at ${integer} NOT NULL,
      attempts ${integer} NOT NULL DEFAULT 0,
      next_attempt_at ${integer} NOT NULL,
      claimed_until ${integer},
      gave_up_at ${integer},
      last_error TEXT,
      PRIMARY KEY (company_id, user_id, client_id, sid, ended_at)
    )${withoutRowid}`,
    'CREATE INDEX logout_callbacks_due ON logout_callbacks (client_id, next_attempt_at) WHERE gave_up_at IS NULL',
  ],
  worksWith: 11,
}
