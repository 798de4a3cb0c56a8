import type { Schema } from './schema.ts'

type Row<Table extends keyof Schema> = Schema[Table]

/**
 * The columns of each table, by name. `SELECT *` would return one more column while a newer
 * program migrates, and PostgreSQL refuses a prepared statement whose columns change.
 */
export const columns = {
  users: columnsOf<'users'>({
    user_id: true,
    email: true,
    name: true,
    locale: true,
    timezone: true,
    password_hash: true,
    password_changed_at: true,
    active: true,
    deleted_at: true,
    last_company_id: true,
    created_at: true,
  }),
  memberships: columnsOf<'memberships'>({
    company_id: true,
    user_id: true,
    name: true,
    email: true,
    phone: true,
    locale: true,
    timezone: true,
    currency: true,
    is_admin: true,
    role_id: true,
    icon_url: true,
    has_created_company: true,
    signup_flow_variation: true,
    active: true,
    user_active: true,
    created_at: true,
    modified_at: true,
    last_login_at: true,
  }),
  companies: columnsOf<'companies'>({
    company_id: true,
    name: true,
    domain: true,
    country: true,
    industry: true,
    suspended_at: true,
    created_at: true,
  }),
  apps: columnsOf<'apps'>({
    client_id: true,
    name: true,
    maker: true,
    icon_type: true,
    icon: true,
    redirect_uris: true,
    scopes: true,
    profile: true,
    public: true,
    require_pkce: true,
    jwks: true,
    secret_hash: true,
    encrypted_secret: true,
    uninstall_url: true,
    disabled_at: true,
    created_at: true,
  }),
  client_secrets: columnsOf<'client_secrets'>({
    client_id: true,
    secret_hash: true,
    created_at: true,
    expires_at: true,
    last_used_at: true,
  }),
  installations: columnsOf<'installations'>({
    company_id: true,
    user_id: true,
    client_id: true,
    scopes: true,
    created_at: true,
    updated_at: true,
  }),
  authorization_codes: columnsOf<'authorization_codes'>({
    company_id: true,
    code_hash: true,
    user_id: true,
    client_id: true,
    family_id: true,
    redirect_uri: true,
    scopes: true,
    code_challenge: true,
    created_at: true,
    expires_at: true,
    used_at: true,
  }),
  access_tokens: columnsOf<'access_tokens'>({
    company_id: true,
    token_hash: true,
    user_id: true,
    client_id: true,
    family_id: true,
    scopes: true,
    created_at: true,
    expires_at: true,
  }),
  refresh_tokens: columnsOf<'refresh_tokens'>({
    company_id: true,
    token_hash: true,
    user_id: true,
    client_id: true,
    family_id: true,
    scopes: true,
    created_at: true,
    expires_at: true,
    used_at: true,
    access_generation: true,
  }),
  uninstall_callbacks: columnsOf<'uninstall_callbacks'>({
    company_id: true,
    user_id: true,
    client_id: true,
    ended_at: true,
    attempts: true,
    next_attempt_at: true,
    claimed_until: true,
    gave_up_at: true,
    last_error: true,
  }),
  sessions: columnsOf<'sessions'>({
    session_hash: true,
    user_id: true,
    company_id: true,
    created_at: true,
    expires_at: true,
  }),
  company_domains: columnsOf<'company_domains'>({ domain: true, company_id: true }),
  sign_in_emails: columnsOf<'sign_in_emails'>({ email: true, user_id: true }),
  user_companies: columnsOf<'user_companies'>({ user_id: true, company_id: true }),
  attempt_limits: columnsOf<'attempt_limits'>({ limit_key: true, full_at: true }),
  used_assertions: columnsOf<'used_assertions'>({ client_id: true, jti_hash: true, expires_at: true }),
  counters: columnsOf<'counters'>({ name: true, value: true }),
  settings: columnsOf<'settings'>({ name: true, value: true }),
  master_keys: columnsOf<'master_keys'>({ key_id: true, sealed: true, created_at: true, active_at: true }),
}

/** @param names every column of the table: the compiler misses one that is left out */
function columnsOf<Table extends keyof Schema>(names: Record<keyof Row<Table>, true>) {
  return Object.keys(names) as (keyof Row<Table> & string)[]
}

/** The columns of a table that a query calls by another name. */
export function columnsAs<Alias extends string, Column extends string>(alias: Alias, names: readonly Column[]) {
  return names.map(name => `${alias}.${name}` as const)
}
