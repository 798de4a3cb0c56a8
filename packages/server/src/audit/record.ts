import { hash } from 'node:crypto'
import { randomSecret } from '../config/random.ts'
import type { Runtime } from '../config/runtime.ts'
import { type AuditEventRow, insertAuditEvent } from '../store/queries/audit-events.ts'
import type { Statement } from '../store/store.ts'

/** Everything that is recorded. */
export type AuditAction =
  | 'company.created'
  | 'company.changed'
  | 'company.deleted'
  | 'domain.released'
  | 'user.created'
  | 'user.changed'
  | 'user.deleted'
  | 'user.erased'
  | 'user.password_set'
  | 'user.signed_in'
  | 'user.signed_out'
  | 'sessions.ended'
  | 'member.added'
  | 'member.changed'
  | 'member.removed'
  | 'invitation.made'
  | 'invitation.withdrawn'
  | 'app.registered'
  | 'app.changed'
  | 'app.deleted'
  | 'app.secret_rotated'
  | 'app_owner.added'
  | 'app_owner.removed'
  | 'resource_server.created'
  | 'resource_server.changed'
  | 'resource_server.deleted'
  | 'resource_server.secret_rotated'
  | 'app_policy.changed'
  | 'app_request.made'
  | 'app_request.decided'
  | 'installation.allowed'
  | 'installation.changed'
  | 'installation.removed'
  | 'member_access.changed'
  | 'token.revoked'
  | 'refresh_token.reused'
  | 'code.reused'
  | 'callback.sent_again'
  | 'operator.added'
  | 'operator.removed'
  | 'admin_key.created'
  | 'admin_key.revoked'
  | 'key.rotated'
  | 'settings.changed'
  | 'sign_in.refused'
  | 'consent.denied'

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** What happened, to whom and where. */
export interface AuditRecord {
  action: AuditAction
  /** The company that it belongs to; none for what belongs to no company. */
  companyId?: number
  /** The person whom it is about. */
  userId?: number
  clientId?: string
  /** What is not personal, and stays for ever. Never a secret. */
  facts?: Readonly<Record<string, Json>>
  /** What can be erased: names, addresses and the like. */
  personal?: Readonly<Record<string, Json>>
}

/** Where events are that belong to no company. */
export const NO_COMPANY = 0

/**
 * The statement that records an event: it belongs into the commit of what it tells of.
 * Its place in the chain of its company is given later, see {@link chainAuditEvents}, so that no commit waits for another.
 */
export function recordEvent(runtime: Runtime, record: AuditRecord): Statement {
  return insertAuditEvent(runtime.store, toRow(runtime, record))
}

function toRow({ clock, actor }: Runtime, record: AuditRecord): AuditEventRow {
  const { action, companyId = NO_COMPANY, userId = null, clientId = null, facts = {} } = record
  const now = clock()
  const personal = actor?.address === undefined ? record.personal : { address: actor.address, ...record.personal }
  const text = personal && Object.keys(personal).length > 0 ? JSON.stringify(personal) : null
  const salt = text === null ? null : randomSecret(16).toString('hex')
  const eventId = newEventId(now)
  const type = actor?.type ?? 'library'
  const id = actor?.id ?? null
  const entry = {
    event_id: eventId,
    at: new Date(now).toISOString(),
    company_id: companyId === NO_COMPANY ? null : companyId,
    action,
    actor: { type, id },
    user_id: userId,
    client_id: clientId,
    request_id: actor?.requestId ?? null,
    facts,
    personal_hash: text === null ? null : personalHash(salt!, text),
  }
  return {
    company_id: companyId,
    event_id: eventId,
    action,
    actor_type: type,
    actor_id: id,
    user_id: userId,
    client_id: clientId,
    entry: JSON.stringify(entry),
    personal: text,
    salt,
    seq: null,
    hash: null,
  }
}

let made = 0

/** In the order of the time, and within a millisecond in the order in which this process made them. */
function newEventId(now: number): string {
  made = (made + 1) % 0x1_0000_0000
  return `${String(now).padStart(14, '0')}-${made.toString(16).padStart(8, '0')}-${randomSecret(6).toString('hex')}`
}

/** When it was recorded, in milliseconds since 1970: its id begins with it. */
export function timeOfEvent({ event_id }: Pick<AuditEventRow, 'event_id'>): number {
  return Number(event_id.slice(0, event_id.indexOf('-')))
}

/** SHA-256 over the salt and the personal values, in hexadecimal digits. */
export function personalHash(salt: string, personal: string): string {
  return hash('sha256', salt + personal, 'hex')
}

/** Columns whose values are about a person. */
const PERSONAL = new Set(['name', 'email', 'phone', 'locale', 'timezone', 'icon_url'])

/**
 * What a change has changed, as facts and personal values: `{ changed: { column: [before, after] } }`.
 * @param isPerson whether the row is about a person, so that names are personal
 */
export function describeChange<Row extends object>(
  before: Partial<Row>,
  after: Row,
  columns: readonly (keyof Row & string)[],
  { isPerson }: { isPerson: boolean },
): Pick<AuditRecord, 'facts' | 'personal'> {
  const changed = columns.filter(column => before[column] !== after[column])
  const pick = (names: readonly (keyof Row & string)[]) =>
    Object.fromEntries(names.map(name => [name, [toJson(before[name]), toJson(after[name])]]))
  const personal = changed.filter(column => isPerson && PERSONAL.has(column))
  const facts = { changed: pick(changed.filter(column => !personal.includes(column))) }
  if (personal.length === 0) return { facts }
  return { facts: { ...facts, changed_personal: personal }, personal: { changed: pick(personal) } }
}

function toJson(value: unknown): Json {
  if (value === undefined) return null
  return value instanceof Uint8Array ? `${value.length} bytes` : (value as Json)
}
