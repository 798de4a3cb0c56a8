import type { Generated } from 'kysely'
import type {
  AdminKeysTable,
  AuditCheckpointsTable,
  AuditEventsTable,
  IdempotencyKeysTable,
  PlatformFiguresTable,
  SigningKeysTable,
} from './administration-schema.ts'
import type {
  AppOwnersTable,
  AppPoliciesTable,
  AppRequestsTable,
  AppsTable,
  AppUsesTable,
  ClientSecretsTable,
  MemberAccessTable,
} from './app-schema.ts'
import type { CallbackDeliveriesTable, LogoutCallbacksTable, UninstallCallbacksTable } from './callback-schema.ts'
import type { AccountLinksTable, InvitationsTable, OutboxTable } from './mail-schema.ts'
import type { ResourceScopesTable, ResourceServersTable } from './resource-schema.ts'
import type { DeviceRequestsTable, OpenidSessionsTable, PushedRequestsTable, SessionsTable } from './session-schema.ts'

/**
 * The tables, as rows. Times are integer milliseconds since 1970 UTC, flags are 0 or 1, hashes are SHA-256 bytes,
 * lists of scopes are joined by single spaces. Keys are chosen so that the tables distribute: what a company owns
 * starts with `company_id`.
 */
export interface Schema {
  companies: CompaniesTable
  company_domains: { domain: string; company_id: number }
  users: UsersTable
  sign_in_emails: { email: string; user_id: number }
  user_companies: { user_id: number; company_id: number }
  memberships: MembershipsTable
  apps: AppsTable
  app_owners: AppOwnersTable
  app_policies: AppPoliciesTable
  app_requests: AppRequestsTable
  member_access: MemberAccessTable
  app_uses: AppUsesTable
  client_secrets: ClientSecretsTable
  resource_servers: ResourceServersTable
  resource_scopes: ResourceScopesTable
  installations: InstallationsTable
  authorization_codes: AuthorizationCodesTable
  access_tokens: AccessTokensTable
  refresh_tokens: RefreshTokensTable
  uninstall_callbacks: UninstallCallbacksTable
  callback_deliveries: CallbackDeliveriesTable
  sessions: SessionsTable
  openid_sessions: OpenidSessionsTable
  pushed_requests: PushedRequestsTable
  device_requests: DeviceRequestsTable
  logout_callbacks: LogoutCallbacksTable
  attempt_limits: { limit_key: string; full_at: number }
  used_assertions: { client_id: string; jti_hash: Uint8Array; expires_at: number }
  company_logos: CompanyLogosTable
  challenge_answers: ChallengeAnswersTable
  /** Requests that all processes have counted together in a minute. */
  rate_windows: { limit_key: string; began_at: number; used: number; expires_at: number }
  counters: { name: string; value: number }
  settings: { name: string; value: string }
  master_keys: MasterKeysTable
  admin_keys: AdminKeysTable
  idempotency_keys: IdempotencyKeysTable
  outbox: OutboxTable
  account_links: AccountLinksTable
  invitations: InvitationsTable
  operators: OperatorsTable
  platform_figures: PlatformFiguresTable
  deleted_companies: { company_id: number; deleted_at: number }
  audit_events: AuditEventsTable
  audit_checkpoints: AuditCheckpointsTable
  signing_keys: SigningKeysTable
  leases: { name: string; leased_until: number }
  migrations: { version: number; name: string; applied_at: number }
}

/** What the keys of all nodes are derived from. */
export interface MasterKeysTable {
  key_id: number
  /** Encrypted under a configured secret. */
  sealed: string
  created_at: number
  /** From when on it is used to make things; it verifies before, so that every node knows it by then. */
  active_at: number
}

export interface CompaniesTable {
  company_id: number
  name: string
  domain: string
  country: string | null
  industry: string | null
  suspended_at: number | null
  created_at: number
  /** Which apps its members may allow that it has not decided on: all, verified ones, those it allowed, or none before it was asked. */
  app_policy: 'allow' | 'verified' | 'listed' | 'ask'
  /** Client ids that it blocks, with spaces between them: a copy of its decisions, for the bearer check. */
  blocked_apps: string | null
  blocked_scopes: string | null
  /** Hosts of metadata documents. */
  blocked_hosts: string | null
  /** Who of its people may register apps. */
  developers: 'none' | 'admins' | 'members'
}

export interface UsersTable {
  user_id: number
  email: string
  name: string
  locale: string
  timezone: string | null
  /** PHC string of argon2id; null until a password is set, so that no password is accepted. */
  password_hash: string | null
  password_changed_at: number | null
  /** SHA-256 of the hash that was imported last, so that importing it again changes nothing; null for our own. */
  imported_hash: Uint8Array | null
  active: number
  deleted_at: number | null
  /** The company chosen last, preselected next time. */
  last_company_id: number | null
  created_at: number
}

export interface MembershipsTable {
  company_id: number
  user_id: number
  name: string
  /** Empty for an app user, which has none. */
  email: string
  phone: string | null
  /** `ll_CC` */
  locale: string
  /** An IANA name; null means UTC. */
  timezone: string | null
  currency: string
  is_admin: number
  role_id: number
  icon_url: string | null
  has_created_company: number
  signup_flow_variation: string | null
  active: number
  /** A copy of the user's own `active`, so that one company's shard knows enough. */
  user_active: number
  created_at: number
  modified_at: number | null
  last_login_at: number | null
  /** Of the company's app user: which app it stands for. Null for people. */
  app_client_id: string | null
}

export interface InstallationsTable {
  company_id: number
  /** Of a company installation, the company's app user. */
  user_id: number
  client_id: string
  scopes: string
  created_at: number
  updated_at: number
  /** Allowed by the user; for the whole company; or for a member by the leave of the company's installation, which it ends with. */
  kind: Generated<'user' | 'company' | 'member'>
  /** Of a company installation: the administrator who made it. */
  installed_by: number | null
  /** Of a company installation: which members the app may act for, all but those who were excluded, or named ones. */
  audience: 'all' | 'named' | null
}

export interface AuthorizationCodesTable {
  company_id: number
  code_hash: Uint8Array
  user_id: number
  client_id: string
  family_id: string
  redirect_uri: string
  scopes: string
  code_challenge: string | null
  created_at: number
  expires_at: number
  used_at: number | null
  /** JSON: what the ID token says of the sign-in, where one was asked for. */
  openid: string | null
  /** The ids of the resource servers that it is for, joined by spaces; null for the platform's default API. */
  resources: string | null
  /** The thumbprint of the key that it is bound to (RFC 9449); null for none. */
  jkt: string | null
}

export interface AccessTokensTable {
  company_id: number
  token_hash: Uint8Array
  user_id: number
  client_id: string
  family_id: string
  scopes: string
  created_at: number
  expires_at: number
  /** As those of the code, or a part of them. */
  resources: string | null
  /** The thumbprint of the key that it is bound to (RFC 9449); null for none. */
  jkt: string | null
}

export interface RefreshTokensTable {
  company_id: number
  token_hash: Uint8Array
  user_id: number
  client_id: string
  family_id: string
  scopes: string
  created_at: number
  expires_at: number
  /** When it was first exchanged for its successor. */
  used_at: number | null
  /** Which of the access tokens derived from this refresh token is the current one. */
  access_generation: Generated<number>
  /** As that of the code. */
  openid: string | null
  /** As those of the code. */
  resources: string | null
  /** The thumbprint of the key that it is bound to (RFC 9449); null for none. */
  jkt: string | null
}

/** A user who may open the operators' console. */
export interface OperatorsTable {
  user_id: number
  added_at: number
}

/** Apart from the companies, whose rows are read often. */
export interface CompanyLogosTable {
  company_id: number
  type: string
  bytes: Uint8Array
  updated_at: number
}

/** What the platform's own page answered to a challenge. */
export interface ChallengeAnswersTable {
  challenge_id: string
  challenge: string
  /** JSON. */
  answer: string
  used_at: number | null
  expires_at: number
}
