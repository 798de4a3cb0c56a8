import { columns } from '../store/columns.ts'
import { CLOCK_SETTING } from '../store/queries/settings.ts'

/** A table that is transferred from one database to another. */
export interface TransferTable {
  name: string
  /** Its primary key. */
  key: readonly string[]
  columns: readonly string[]
}

/** Every table that must not be lost; referenced tables come first. */
export const transferTables: readonly TransferTable[] = [
  table('settings', 'name'),
  table('counters', 'name'),
  table('master_keys', 'key_id'),
  table('signing_keys', 'key_id'),
  table('apps', 'client_id'),
  table('client_secrets', 'client_id', 'secret_hash'),
  table('resource_servers', 'resource_server_id'),
  table('resource_scopes', 'scope'),
  table('admin_keys', 'key_id'),
  table('idempotency_keys', 'key_id', 'request_key'),
  table('companies', 'company_id'),
  table('deleted_companies', 'company_id'),
  table('company_logos', 'company_id'),
  table('audit_events', 'company_id', 'event_id'),
  table('audit_checkpoints', 'company_id'),
  table('company_domains', 'domain'),
  table('users', 'user_id'),
  table('sign_in_emails', 'email'),
  table('user_companies', 'user_id', 'company_id'),
  table('operators', 'user_id'),
  table('account_links', 'user_id', 'link_hash'),
  table('memberships', 'company_id', 'user_id'),
  table('app_owners', 'company_id', 'client_id', 'user_id'),
  table('app_policies', 'company_id', 'client_id'),
  table('app_requests', 'company_id', 'client_id', 'user_id'),
  table('member_access', 'company_id', 'client_id', 'user_id'),
  table('installations', 'company_id', 'user_id', 'client_id'),
  table('authorization_codes', 'company_id', 'code_hash'),
  table('access_tokens', 'company_id', 'token_hash'),
  table('refresh_tokens', 'company_id', 'token_hash'),
  table('uninstall_callbacks', 'company_id', 'user_id', 'client_id', 'ended_at'),
  table('logout_callbacks', 'company_id', 'user_id', 'client_id', 'sid', 'ended_at'),
  table('callback_deliveries', 'company_id', 'client_id', 'attempted_at', 'user_id', 'ended_at'),
  table('platform_figures', 'taken_at'),
  table('sessions', 'session_hash'),
  table('pushed_requests', 'request_hash'),
  table('device_requests', 'user_code_hash'),
  table('openid_sessions', 'sid', 'client_id', 'company_id'),
  table('attempt_limits', 'limit_key'),
  table('used_assertions', 'client_id', 'jti_hash'),
  table('app_uses', 'company_id', 'client_id', 'day'),
  table('invitations', 'company_id', 'invitation_id'),
  table('outbox', 'mail_id'),
  table('challenge_answers', 'challenge_id'),
]

function table(name: keyof typeof columns, ...key: string[]): TransferTable {
  return { name, key, columns: columns[name] }
}

/** Marks a database that is being filled; it is not served until it is complete. Not transferred. */
export const TRANSFER_SETTING = 'transfer'

/** Settings of one database, which are not moved to another. */
export const ownSettings: readonly string[] = [TRANSFER_SETTING, CLOCK_SETTING]

export type Value = string | number | null | Uint8Array
export type TransferRow = Record<string, Value>

/** Where rows come from: one moment of a database, however long it is read. */
export interface Source {
  count(table: TransferTable): Promise<number>
  read(table: TransferTable, batch: number): AsyncIterable<TransferRow[]>
  close(): Promise<void>
}

/** Where rows go. */
export interface Target {
  /** Whether nothing is in it yet. */
  isEmpty(): Promise<boolean>
  /** Commits all or none. */
  insert(table: TransferTable, rows: readonly TransferRow[], setting?: string | null): Promise<void>
  /** The same, in place of rows with the same keys. */
  upsert(table: TransferTable, rows: readonly TransferRow[]): Promise<void>
  /** Rows by their keys; those that are not there are left out. */
  find(table: TransferTable, keys: readonly TransferRow[]): Promise<TransferRow[]>
  remove(table: TransferTable, keys: readonly TransferRow[]): Promise<void>
  readSetting(): Promise<string | undefined>
  /** Null removes it. */
  writeSetting(value: string | null): Promise<void>
  /** Empties all tables. */
  clear(): Promise<void>
  /** Reads what was written. */
  reread(): Promise<Source>
  close(): Promise<void>
}
