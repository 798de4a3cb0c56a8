import { timingSafeEqual } from 'node:crypto'
import { recordEvent } from '../audit/record.ts'
import { InputError, NotFoundError } from '../companies/input.ts'
import { encrypt } from '../config/keys.ts'
import type { Runtime } from '../config/runtime.ts'
import { isTooFarAhead } from '../store/clock-skew.ts'
import { findApp, setAppSecret } from '../store/queries/apps.ts'
import {
  deleteOtherClientSecrets,
  expireClientSecret,
  findClientSecret,
  insertClientSecret,
  listClientSecrets,
  recordClientSecretUse,
} from '../store/queries/client-secrets.ts'
import { retryOnConflict } from '../store/store.ts'
import { hashSecret, newClientSecret } from '../tokens/token-text.ts'
import { type App, subjectOf } from './apps.ts'

const HOUR = 3600 * 1000
const MAX_OVERLAP = 90 * 24 * HOUR
const NO_HASH = new Uint8Array(32)

/** A client secret as it may be shown. */
export interface ClientSecretFacts {
  current: boolean
  createdAt: number
  /** Null for the current one. */
  expiresAt: number | null
  /** To the hour; null where it was never used. */
  lastUsedAt: number | null
}

/**
 * Gives an app a new client secret.
 * @param keepOld milliseconds for which the previous secret is still accepted, at most 90 days; 0 if left out
 * @param secret one that was chosen before; with the current one nothing changes
 * @returns the new secret, which is shown only here
 * @throws {InputError} if there is no such app, or it has no secret
 * @example
 * ```ts
 * import { rotateSecret } from 'tenantry'
 * const secret = await rotateSecret(runtime, app.clientId, { keepOld: 24 * 3600 * 1000 })
 * console.log(secret)
 * ```
 */
export function rotateSecret(
  runtime: Runtime,
  clientId: string,
  { keepOld = 0, secret = newClientSecret() }: { keepOld?: number; secret?: string } = {},
): Promise<string> {
  const { store, keys, clock } = runtime
  if (!Number.isSafeInteger(keepOld) || keepOld < 0 || keepOld > MAX_OVERLAP) {
    throw new InputError('keepOld: must be a time of at most 90 days.')
  }
  return retryOnConflict(async () => {
    const app = await findApp(store, clientId)
    if (!app) throw new NotFoundError(`There is no app ${clientId}.`)
    if (app.secret_hash === null) {
      throw new InputError(`${clientId} is a public app or authenticates with keys: it has no secret.`)
    }
    if (Buffer.from(app.secret_hash).equals(hashSecret(secret))) return secret
    const keepsSecret = app.encrypted_secret !== null || app.uninstall_url !== null
    const newHash = hashSecret(secret)
    const encryptedSecret = keepsSecret ? encrypt(await keys.ready(), secret, clientId) : null
    const now = clock()
    await store.write([
      setAppSecret(store, app, newHash, encryptedSecret),
      deleteOtherClientSecrets(store, clientId, keepOld > 0 ? app.secret_hash : undefined),
      ...(keepOld > 0 ? expireClientSecret(store, app, now + keepOld) : []),
      insertClientSecret(store, { client_id: clientId, secret_hash: newHash, created_at: now }),
      recordEvent(runtime, {
        action: 'app.secret_rotated',
        ...subjectOf(app),
        facts: { keep_old_seconds: keepOld / 1000 },
      }),
    ])
    return secret
  })
}

/**
 * The client secrets that are accepted now, the current one first. Times are milliseconds since 1970.
 * @example
 * ```ts
 * import { listSecrets } from 'tenantry'
 * const [current] = await listSecrets(runtime, app)
 * console.log(current?.lastUsedAt)
 * ```
 */
export async function listSecrets({ store, clock }: Runtime, app: App): Promise<ClientSecretFacts[]> {
  if (!app.secretHash) return []
  const rows = await listClientSecrets(store, app.clientId)
  const isCurrent = (hash: Uint8Array) => Buffer.from(hash).equals(Buffer.from(app.secretHash!))
  const facts = rows
    .filter(row => isCurrent(row.secret_hash) || isStillAccepted(row.expires_at, clock()))
    .map(row => ({
      current: isCurrent(row.secret_hash),
      createdAt: row.created_at,
      expiresAt: isCurrent(row.secret_hash) ? null : row.expires_at,
      lastUsedAt: row.last_used_at,
    }))
  return facts.sort((a, b) => Number(b.current) - Number(a.current))
}

/** Whether it is the app's current secret, or one before that is still accepted. The time it takes tells nothing. */
export async function holdsSecret(runtime: Runtime, app: App | undefined, secret: string): Promise<boolean> {
  const given = hashSecret(secret)
  const isCurrent = timingSafeEqual(given, app?.secretHash ?? NO_HASH)
  if (!app?.secretHash) return false
  if (!isCurrent) {
    const earlier = await findClientSecret(runtime.store, app.clientId, given)
    if (!isStillAccepted(earlier?.expires_at, runtime.clock())) return false
  }
  recordUse(runtime, app.clientId, given)
  return true
}

function isStillAccepted(expiresAt: number | null | undefined, now: number): boolean {
  return typeof expiresAt === 'number' && expiresAt > now && !isTooFarAhead(expiresAt, now, MAX_OVERLAP)
}

/** When each secret's use was last written, by each server: at most once an hour. */
const recorded = new WeakMap<Runtime, Map<string, number>>()
const MAX_RECORDED = 10_000

function recordUse(runtime: Runtime, clientId: string, secretHash: Uint8Array) {
  const { store, clock, log } = runtime
  let known = recorded.get(runtime)
  if (!known) {
    known = new Map()
    recorded.set(runtime, known)
  }
  const key = Buffer.from(secretHash).toString('base64')
  const now = clock()
  const before = known.get(key) ?? 0
  if (now - before < HOUR && now >= before) return
  if (known.size >= MAX_RECORDED) known.clear()
  known.set(key, now)
  // The answer does not wait for it: it is for an operator to read later.
  store.write([recordClientSecretUse(store, clientId, secretHash, now, now - HOUR)]).catch(error => {
    log.warn({ err: error, client_id: clientId }, 'the use of a client secret was not recorded')
  })
}
