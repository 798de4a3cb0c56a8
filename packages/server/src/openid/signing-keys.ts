import { type CryptoKey, importJWK, type JWK } from 'jose'
import { ID_TOKEN_ALGORITHMS, type IdTokenAlgorithm } from '../config/id-token-algorithms.ts'
import type { Runtime } from '../config/runtime.ts'
import { makeSigningKey, openSigningKey, publicPart } from '../config/signing-key.ts'
import { isTooFarAhead } from '../store/clock-skew.ts'
import {
  deleteSigningKey,
  insertSigningKey,
  listSigningKeys,
  type SigningKeyRow,
} from '../store/queries/signing-keys.ts'
import type { Statement } from '../store/store.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** Seconds for which a client may keep the JWK set. */
export const JWKS_LIFETIME = 300
/** How long a key is published before it signs: longer than any client keeps a set without it. */
const PUBLISHED_FIRST = 15 * MINUTE
/** How long a key stays published after the next one signs: ID tokens come back as hints (`id_token_hint`). */
const KEPT_FOR = 30 * DAY

const PURPOSE = 'id_token '

/** A key that signs ID tokens, as it may be shown. */
export interface SigningKeyFacts {
  keyId: string
  algorithm: IdTokenAlgorithm
  state: 'coming' | 'current' | 'earlier'
  createdAt: number
  activeAt: number
}

/** A key that was opened. */
interface SigningKey {
  keyId: string
  privateKey: CryptoKey
  publicJwk: JWK
}

/** By their ids. */
const openedKeys = new WeakMap<Runtime['keys'], Map<string, SigningKey>>()

/**
 * The key that signs now. The first of its algorithm is made when it is needed.
 * @throws when it is sealed under a secret that is not configured
 */
export async function currentSigningKey(runtime: Runtime, algorithm: IdTokenAlgorithm): Promise<SigningKey> {
  const row = (await findCurrent(runtime, algorithm)) ?? (await makeFirst(runtime, algorithm))
  return openKey(runtime, row)
}

/** The public parts of all keys, those that are to sign later too (RFC 7517 section 5). */
export async function publicSigningKeys(runtime: Runtime): Promise<JWK[]> {
  let rows = await listIdTokenKeys(runtime)
  if (!rows.some(row => algorithmOf(row) === ID_TOKEN_ALGORITHMS[0])) {
    await makeFirst(runtime, ID_TOKEN_ALGORITHMS[0])
    rows = await listIdTokenKeys(runtime)
  }
  return Promise.all(
    rows.map(async row => ({
      ...(await openKey(runtime, row)).publicJwk,
      kid: row.key_id,
      alg: algorithmOf(row),
      use: 'sig',
    })),
  )
}

/** Keys as they may be shown, the newest first. No secret is needed. */
export async function listSigningKeyFacts(runtime: Pick<Runtime, 'store' | 'clock'>): Promise<SigningKeyFacts[]> {
  const rows = await listIdTokenKeys(runtime)
  const now = runtime.clock()
  return rows.toReversed().map(row => {
    const activeAt = activeAtOf(row, rows, now)
    const current = pickCurrent(rows, algorithmOf(row), now)
    return {
      keyId: row.key_id,
      algorithm: algorithmOf(row),
      state: row === current ? 'current' : activeAt > now ? 'coming' : 'earlier',
      createdAt: row.created_at,
      activeAt,
    }
  })
}

/** New keys for the algorithms that are in use, with what writes them: they sign once every client can have read them. */
export async function newSigningKeys(
  runtime: Runtime,
): Promise<{ keys: Pick<SigningKeyFacts, 'keyId' | 'algorithm' | 'activeAt'>[]; statements: Statement[] }> {
  const rows = await listIdTokenKeys(runtime)
  const algorithms = [...new Set(rows.map(algorithmOf))]
  const made = await Promise.all(algorithms.map(algorithm => makeKey(runtime, algorithm)))
  return {
    keys: made.map(row => ({
      keyId: row.key_id,
      algorithm: algorithmOf(row),
      activeAt: row.created_at + PUBLISHED_FIRST,
    })),
    statements: made.map(row => insertSigningKey(runtime.store, row)),
  }
}

/** Removes keys under which nothing is verified any more. */
export async function deleteOldSigningKeys(runtime: Runtime): Promise<void> {
  const now = runtime.clock()
  const rows = await listIdTokenKeys(runtime)
  const old = rows.filter(row => {
    const later = rows.filter(each => algorithmOf(each) === algorithmOf(row) && each.created_at > row.created_at)
    return later.some(each => each.created_at + PUBLISHED_FIRST + KEPT_FOR <= now)
  })
  if (old.length > 0) await runtime.store.write(old.map(row => deleteSigningKey(runtime.store, row.key_id)))
}

async function listIdTokenKeys({ store }: Pick<Runtime, 'store'>): Promise<SigningKeyRow[]> {
  return (await listSigningKeys(store)).filter(({ purpose }) => purpose.startsWith(PURPOSE))
}

function algorithmOf({ purpose }: SigningKeyRow): IdTokenAlgorithm {
  return purpose.slice(PURPOSE.length) as IdTokenAlgorithm
}

async function findCurrent(runtime: Runtime, algorithm: IdTokenAlgorithm): Promise<SigningKeyRow | undefined> {
  return pickCurrent(await listIdTokenKeys(runtime), algorithm, runtime.clock())
}

/** The newest that every client can have read; failing that the first. */
function pickCurrent(rows: readonly SigningKeyRow[], algorithm: IdTokenAlgorithm, now: number) {
  const own = rows.filter(row => algorithmOf(row) === algorithm)
  return own.findLast(row => activeAtOf(row, rows, now) <= now) ?? own[0]
}

/** The first of an algorithm signs at once: clients that know another key read the set again. */
function activeAtOf(row: SigningKeyRow, rows: readonly SigningKeyRow[], now: number): number {
  const first = rows.find(each => each.purpose === row.purpose)
  if (row === first || isTooFarAhead(row.created_at, now)) return Math.min(row.created_at, now)
  return row.created_at + PUBLISHED_FIRST
}

/** Another node may make one at the same moment: the older one signs, and both are published. */
async function makeFirst(runtime: Runtime, algorithm: IdTokenAlgorithm): Promise<SigningKeyRow> {
  await runtime.store.write([insertSigningKey(runtime.store, await makeKey(runtime, algorithm))])
  return (await findCurrent(runtime, algorithm))!
}

async function makeKey({ keys, clock }: Runtime, algorithm: IdTokenAlgorithm): Promise<SigningKeyRow> {
  const facts = { purpose: PURPOSE + algorithm, createdAt: clock() }
  return (await makeSigningKey(await keys.ready(), algorithm, facts)).row
}

async function openKey({ keys }: Runtime, row: SigningKeyRow): Promise<SigningKey> {
  const opened = openedKeys.get(keys) ?? new Map<string, SigningKey>()
  openedKeys.set(keys, opened)
  const known = opened.get(row.key_id)
  if (known) return known
  const jwk = openSigningKey(await keys.ready(), row)
  if (!jwk) throw new Error(`The signing key ${row.key_id} cannot be decrypted with the configured secrets.`)
  const privateKey = (await importJWK(jwk, algorithmOf(row))) as CryptoKey
  const key = { keyId: row.key_id, privateKey, publicJwk: publicPart(jwk) }
  opened.set(row.key_id, key)
  return key
}
