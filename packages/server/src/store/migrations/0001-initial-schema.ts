import type { Migration } from './migration.ts'

/** Everything that signing in, installing an app and answering `/users/me` needs. */
export const initialSchema: Migration = {
  version: 1,
  name: 'initial schema',
  statements: ({ integer, blob, withoutRowid }) => [
    `CREATE TABLE counters (name TEXT PRIMARY KEY, value ${integer} NOT NULL)${withoutRowid}`,
    `CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)${withoutRowid}`,

    `CREATE TABLE companies (
      company_id ${integer} PRIMARY KEY,
      name TEXT NOT NULL,
      domain TEXT NOT NULL,
      country TEXT,
      industry TEXT,
      suspended_at ${integer},
      created_at ${integer} NOT NULL
    )`,
    `CREATE TABLE company_domains (domain TEXT PRIMARY KEY, company_id ${integer} NOT NULL)${withoutRowid}`,

    `CREATE TABLE users (
      user_id ${integer} PRIMARY KEY,
      email TEXT NOT NULL,
      name TEXT NOT NULL,
      locale TEXT NOT NULL,
      timezone TEXT,
      password_hash TEXT,
      password_changed_at ${integer},
      active ${integer} NOT NULL,
      deleted_at ${integer},
      last_company_id ${integer},
      created_at ${integer} NOT NULL
    )`,
    `CREATE TABLE sign_in_emails (email TEXT PRIMARY KEY, user_id ${integer} NOT NULL)${withoutRowid}`,
    `CREATE TABLE user_companies (
      user_id ${integer} NOT NULL,
      company_id ${integer} NOT NULL,
      PRIMARY KEY (user_id, company_id),
      FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
    )${withoutRowid}`,

    `CREATE TABLE memberships (
      company_id ${integer} NOT NULL,
      user_id ${integer} NOT NULL,
      name TEXT NOT NULL,
      email TEXT NOT NULL,
      phone TEXT,
      locale TEXT NOT NULL,
      timezone TEXT,
      currency TEXT NOT NULL,
      is_admin ${integer} NOT NULL,
      role_id ${integer} NOT NULL,
      icon_url TEXT,
      has_created_company ${integer} NOT NULL,
      signup_flow_variation TEXT,
      active ${integer} NOT NULL,
      user_active ${integer} NOT NULL,
      created_at ${integer} NOT NULL,
      modified_at ${integer},
      last_login_at ${integer},
      PRIMARY KEY (company_id, user_id),
      FOREIGN KEY (company_id) REFERENCES companies (company_id) ON DELETE CASCADE
    )${withoutRowid}`,

    `CREATE TABLE apps (
      client_id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      maker TEXT,
      icon_type TEXT,
      icon ${blob},
      redirect_uris TEXT NOT NULL,
      scopes TEXT NOT NULL,
      wire TEXT NOT NULL,
      public ${integer} NOT NULL,
      require_pkce ${integer} NOT NULL,
      jwks TEXT,
      secret_hash ${blob},
      encrypted_secret TEXT,
      uninstall_url TEXT,
      disabled_at ${integer},
      created_at ${integer} NOT NULL
    )`,

    `CREATE TABLE installations (
      company_id ${integer} NOT NULL,
      user_id ${integer} NOT NULL,
      client_id TEXT NOT NULL,
      scopes TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      updated_at ${integer} NOT NULL,
      PRIMARY KEY (company_id, user_id, client_id),
      FOREIGN KEY (company_id, user_id) REFERENCES memberships (company_id, user_id) ON DELETE CASCADE,
      FOREIGN KEY (client_id) REFERENCES apps (client_id)
    )${withoutRowid}`,

    `CREATE TABLE authorization_codes (
      company_id ${integer} NOT NULL,
      code_hash ${blob} NOT NULL,
      user_id ${integer} NOT NULL,
      client_id TEXT NOT NULL,
      family_id TEXT NOT NULL,
      redirect_uri TEXT NOT NULL,
      scopes TEXT NOT NULL,
      code_challenge TEXT,
      created_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL,
      used_at ${integer},
      PRIMARY KEY (company_id, code_hash),
      FOREIGN KEY (company_id, user_id, client_id)
        REFERENCES installations (company_id, user_id, client_id) ON DELETE CASCADE
    )${withoutRowid}`,
    `CREATE INDEX authorization_codes_installation ON authorization_codes (company_id, user_id, client_id)`,
    `CREATE INDEX authorization_codes_expiry ON authorization_codes (expires_at)`,

    `CREATE TABLE access_tokens (
      company_id ${integer} NOT NULL,
      token_hash ${blob} NOT NULL,
      user_id ${integer} NOT NULL,
      client_id TEXT NOT NULL,
      family_id TEXT NOT NULL,
      scopes TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL,
      PRIMARY KEY (company_id, token_hash),
      FOREIGN KEY (company_id, user_id, client_id)
        REFERENCES installations (company_id, user_id, client_id) ON DELETE CASCADE
    )${withoutRowid}`,
    `CREATE INDEX access_tokens_family ON access_tokens (company_id, user_id, client_id, family_id)`,

    `CREATE TABLE refresh_tokens (
      company_id ${integer} NOT NULL,
      token_hash ${blob} NOT NULL,
      user_id ${integer} NOT NULL,
      client_id TEXT NOT NULL,
      family_id TEXT NOT NULL,
      scopes TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL,
      used_at ${integer},
      access_generation ${integer} NOT NULL DEFAULT 0,
      PRIMARY KEY (company_id, token_hash),
      FOREIGN KEY (company_id, user_id, client_id)
        REFERENCES installations (company_id, user_id, client_id) ON DELETE CASCADE
    )${withoutRowid}`,
    `CREATE INDEX refresh_tokens_family ON refresh_tokens (company_id, user_id, client_id, family_id)`,
    `CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at)`,

    `CREATE TABLE uninstall_callbacks (
      company_id ${integer} NOT NULL,
      user_id ${integer} NOT NULL,
      client_id TEXT NOT NULL,
      ended_at ${integer} NOT NULL,
      attempts ${integer} NOT NULL DEFAULT 0,
      next_attempt_at ${integer} NOT NULL,
      claimed_until ${integer},
      gave_up_at ${integer},
      last_error TEXT,
      PRIMARY KEY (company_id, user_id, client_id, ended_at),
      FOREIGN KEY (client_id) REFERENCES apps (client_id)
    )${withoutRowid}`,
    `CREATE INDEX uninstall_callbacks_due ON uninstall_callbacks (next_attempt_at) WHERE gave_up_at IS NULL`,

    `CREATE TABLE sessions (
      session_hash ${blob} PRIMARY KEY,
      user_id ${integer} NOT NULL,
      company_id ${integer},
      created_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL
    )${withoutRowid}`,
    `CREATE INDEX sessions_user ON sessions (user_id)`,
    `CREATE INDEX sessions_expiry ON sessions (expires_at)`,

    `CREATE TABLE attempt_limits (limit_key TEXT PRIMARY KEY, full_at ${integer} NOT NULL)${withoutRowid}`,
    `CREATE INDEX attempt_limits_full ON attempt_limits (full_at)`,

    `CREATE TABLE used_assertions (
      client_id TEXT NOT NULL,
      jti_hash ${blob} NOT NULL,
      expires_at ${integer} NOT NULL,
      PRIMARY KEY (client_id, jti_hash)
    )${withoutRowid}`,
    `CREATE INDEX used_assertions_expiry ON used_assertions (expires_at)`,
  ],
}
