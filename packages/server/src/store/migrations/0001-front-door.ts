import type { Migration } from './migration.ts'

/** Everything that signing in, installing an app and answering `/users/me` needs. */
export const frontDoor: Migration = {
  version: 1,
  name: 'front door',
  statements: [
    `CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,

    `CREATE TABLE companies (
      company_id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      domain TEXT NOT NULL,
      country TEXT,
      industry TEXT,
      suspended_at INTEGER,
      created_at INTEGER NOT NULL
    )`,
    `CREATE TABLE company_domains (domain TEXT PRIMARY KEY, company_id INTEGER NOT NULL) WITHOUT ROWID`,

    `CREATE TABLE users (
      user_id INTEGER PRIMARY KEY,
      email TEXT NOT NULL,
      name TEXT NOT NULL,
      locale TEXT NOT NULL,
      timezone TEXT,
      password_hash TEXT,
      password_changed_at INTEGER,
      active INTEGER NOT NULL,
      deleted_at INTEGER,
      last_company_id INTEGER,
      created_at INTEGER NOT NULL
    )`,
    `CREATE TABLE sign_in_emails (email TEXT PRIMARY KEY, user_id INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE user_companies (
      user_id INTEGER NOT NULL,
      company_id INTEGER NOT NULL,
      PRIMARY KEY (user_id, company_id),
      FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
    ) WITHOUT ROWID`,

    `CREATE TABLE memberships (
      company_id INTEGER NOT NULL,
      user_id INTEGER NOT NULL,
      name TEXT NOT NULL,
      email TEXT NOT NULL,
      phone TEXT,
      locale TEXT NOT NULL,
      timezone TEXT,
      currency TEXT NOT NULL,
      is_admin INTEGER NOT NULL,
      role_id INTEGER NOT NULL,
      icon_url TEXT,
      has_created_company INTEGER NOT NULL,
      signup_flow_variation TEXT,
      active INTEGER NOT NULL,
      user_active INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      modified_at INTEGER,
      last_login_at INTEGER,
      PRIMARY KEY (company_id, user_id),
      FOREIGN KEY (company_id) REFERENCES companies (company_id) ON DELETE CASCADE
    ) WITHOUT ROWID`,

    `CREATE TABLE apps (
      client_id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      maker TEXT,
      icon_type TEXT,
      icon BLOB,
      redirect_uris TEXT NOT NULL,
      scopes TEXT NOT NULL,
      wire TEXT NOT NULL,
      public INTEGER NOT NULL,
      require_pkce INTEGER NOT NULL,
      jwks TEXT,
      secret_hash BLOB,
      encrypted_secret TEXT,
      uninstall_url TEXT,
      disabled_at INTEGER,
      created_at INTEGER NOT NULL
    )`,

    `CREATE TABLE installations (
      company_id INTEGER NOT NULL,
      user_id INTEGER NOT NULL,
      client_id TEXT NOT NULL,
      scopes TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      PRIMARY KEY (company_id, user_id, client_id),
      FOREIGN KEY (company_id, user_id) REFERENCES memberships (company_id, user_id) ON DELETE CASCADE,
      FOREIGN KEY (client_id) REFERENCES apps (client_id)
    ) WITHOUT ROWID`,

    `CREATE TABLE authorization_codes (
      company_id INTEGER NOT NULL,
      code_hash BLOB NOT NULL,
      user_id INTEGER NOT NULL,
      client_id TEXT NOT NULL,
      family_id TEXT NOT NULL,
      redirect_uri TEXT NOT NULL,
      scopes TEXT NOT NULL,
      code_challenge TEXT,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      used_at INTEGER,
      PRIMARY KEY (company_id, code_hash),
      FOREIGN KEY (company_id, user_id, client_id)
        REFERENCES installations (company_id, user_id, client_id) ON DELETE CASCADE
    ) WITHOUT ROWID`,
    `CREATE INDEX authorization_codes_installation ON authorization_codes (company_id, user_id, client_id)`,
    `CREATE INDEX authorization_codes_expiry ON authorization_codes (expires_at)`,

    `CREATE TABLE access_tokens (
      company_id INTEGER NOT NULL,
      token_hash BLOB NOT NULL,
      user_id INTEGER NOT NULL,
      client_id TEXT NOT NULL,
      family_id TEXT NOT NULL,
      scopes TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      PRIMARY KEY (company_id, token_hash),
      FOREIGN KEY (company_id, user_id, client_id)
        REFERENCES installations (company_id, user_id, client_id) ON DELETE CASCADE
    ) WITHOUT ROWID`,
    `CREATE INDEX access_tokens_family ON access_tokens (company_id, user_id, client_id, family_id)`,

    `CREATE TABLE refresh_tokens (
      company_id INTEGER NOT NULL,
      token_hash BLOB NOT NULL,
      user_id INTEGER NOT NULL,
      client_id TEXT NOT NULL,
      family_id TEXT NOT NULL,
      scopes TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      used_at INTEGER,
      access_generation INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (company_id, token_hash),
      FOREIGN KEY (company_id, user_id, client_id)
        REFERENCES installations (company_id, user_id, client_id) ON DELETE CASCADE
    ) WITHOUT ROWID`,
    `CREATE INDEX refresh_tokens_family ON refresh_tokens (company_id, user_id, client_id, family_id)`,
    `CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at)`,

    `CREATE TABLE uninstall_callbacks (
      company_id INTEGER NOT NULL,
      user_id INTEGER NOT NULL,
      client_id TEXT NOT NULL,
      ended_at INTEGER NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      next_attempt_at INTEGER NOT NULL,
      claimed_until INTEGER,
      gave_up_at INTEGER,
      last_error TEXT,
      PRIMARY KEY (company_id, user_id, client_id, ended_at),
      FOREIGN KEY (client_id) REFERENCES apps (client_id)
    ) WITHOUT ROWID`,
    `CREATE INDEX uninstall_callbacks_due ON uninstall_callbacks (next_attempt_at) WHERE gave_up_at IS NULL`,

    `CREATE TABLE sessions (
      session_hash BLOB PRIMARY KEY,
      user_id INTEGER NOT NULL,
      company_id INTEGER,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) WITHOUT ROWID`,
    `CREATE INDEX sessions_user ON sessions (user_id)`,
    `CREATE INDEX sessions_expiry ON sessions (expires_at)`,

    `CREATE TABLE attempt_limits (limit_key TEXT PRIMARY KEY, full_at INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE INDEX attempt_limits_full ON attempt_limits (full_at)`,

    `CREATE TABLE used_assertions (
      client_id TEXT NOT NULL,
      jti_hash BLOB NOT NULL,
      expires_at INTEGER NOT NULL,
      PRIMARY KEY (client_id, jti_hash)
    ) WITHOUT ROWID`,
    `CREATE INDEX used_assertions_expiry ON used_assertions (expires_at)`,
  ],
}
