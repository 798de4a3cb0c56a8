/** How a table lies on the machines of a Citus cluster. */
export type Placement =
  /** In pieces by a column; together with the pieces of another table that have the same values. */
  | { by: string; with?: string }
  /** A copy on every machine. */
  | 'reference'
  /** On the coordinator alone. */
  | 'coordinator'

/** In an order in which they can be laid out: what others lie with comes first. */
export const placements: Readonly<Record<string, Placement>> = {
  apps: 'reference',
  client_secrets: 'reference',
  resource_servers: 'reference',
  resource_scopes: 'reference',
  companies: { by: 'company_id' },
  audit_events: { by: 'company_id', with: 'companies' },
  audit_checkpoints: { by: 'company_id', with: 'companies' },
  deleted_companies: { by: 'company_id', with: 'companies' },
  company_logos: { by: 'company_id', with: 'companies' },
  memberships: { by: 'company_id', with: 'companies' },
  app_owners: { by: 'company_id', with: 'companies' },
  app_policies: { by: 'company_id', with: 'companies' },
  app_requests: { by: 'company_id', with: 'companies' },
  member_access: { by: 'company_id', with: 'companies' },
  app_uses: { by: 'company_id', with: 'companies' },
  invitations: { by: 'company_id', with: 'companies' },
  installations: { by: 'company_id', with: 'companies' },
  authorization_codes: { by: 'company_id', with: 'companies' },
  access_tokens: { by: 'company_id', with: 'companies' },
  refresh_tokens: { by: 'company_id', with: 'companies' },
  uninstall_callbacks: { by: 'company_id', with: 'companies' },
  callback_deliveries: { by: 'company_id', with: 'companies' },
  logout_callbacks: { by: 'company_id', with: 'companies' },
  users: { by: 'user_id' },
  operators: { by: 'user_id', with: 'users' },
  account_links: { by: 'user_id', with: 'users' },
  user_companies: { by: 'user_id', with: 'users' },
  sign_in_emails: { by: 'email' },
  company_domains: { by: 'domain' },
  sessions: { by: 'session_hash' },
  openid_sessions: { by: 'sid' },
  pushed_requests: { by: 'request_hash' },
  device_requests: { by: 'user_code_hash' },
  outbox: { by: 'mail_id' },
  attempt_limits: { by: 'limit_key' },
  used_assertions: { by: 'client_id' },
  challenge_answers: { by: 'challenge_id' },
  rate_windows: { by: 'limit_key' },
  admin_keys: 'coordinator',
  idempotency_keys: 'coordinator',
  counters: 'coordinator',
  settings: 'coordinator',
  master_keys: 'coordinator',
  signing_keys: 'coordinator',
  leases: 'coordinator',
  platform_figures: 'coordinator',
  bearer_changes: 'coordinator',
  migrations: 'coordinator',
}
