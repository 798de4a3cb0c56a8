import {
  CompactSign,
  calculateJwkThumbprint,
  compactVerify,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose'
import { decrypt, encrypt, type Keys } from '../config/keys.ts'
import type { Runtime } from '../config/runtime.ts'
import { findSigningKey, insertSigningKey, listSigningKeys, type SigningKeyRow } from '../store/queries/signing-keys.ts'

const ALGORITHM = 'Ed25519'
const PURPOSE = 'audit'
const TYPE = 'tenantry-audit-checkpoint'

/** The private part of the key that signs checkpoints of the audit log, with its id. */
interface SigningKey {
  keyId: string
  jwk: JWK
}

/** The key of this database; made when it is needed for the first time. */
async function auditKey({ store, keys, clock }: Runtime): Promise<SigningKey> {
  const ready = await keys.ready()
  const row = (await listSigningKeys(store)).find(({ purpose }) => purpose === PURPOSE)
  if (row) {
    const jwk = openSigningKey(ready, row)
    if (jwk === undefined)
      throw new Error('The signing key of the audit log cannot be decrypted with the configured secrets.')
    return { keyId: row.key_id, jwk }
  }
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true })
  const jwk = await exportJWK(privateKey)
  const keyId = await calculateJwkThumbprint(jwk)
  const sealed = encrypt(ready, JSON.stringify(jwk), ownerOf(keyId))
  await store.write([insertSigningKey(store, { key_id: keyId, purpose: PURPOSE, sealed, created_at: clock() })])
  return { keyId, jwk }
}

/** The private part, or undefined where it is sealed under a key that is not at hand. */
export function openSigningKey(keys: Keys, { key_id, sealed }: SigningKeyRow): JWK | undefined {
  const text = decrypt(keys, sealed, ownerOf(key_id))
  return text === undefined ? undefined : (JSON.parse(text) as JWK)
}

export function ownerOf(keyId: string): string {
  return `signing key ${keyId}`
}

/** Signs a statement of this server: a JWS in compact form (RFC 7515), with the public key in its header. */
export async function signStatement(runtime: Runtime, statement: object): Promise<string> {
  const { keyId, jwk } = await auditKey(runtime)
  return new CompactSign(new TextEncoder().encode(JSON.stringify(statement)))
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: keyId, jwk: publicPart(jwk) })
    .sign(await importJWK(jwk, ALGORITHM))
}

/** What a signed statement says, and who signed it. */
export interface VerifiedStatement {
  keyId: string
  statement: Record<string, unknown>
  /** Whether it is a key of this server; null where its secrets are not at hand to tell. */
  isOwnKey: boolean | null
}

/** The statement, or undefined where its signature does not fit. */
export async function verifyStatement(
  { store, keys }: Runtime,
  signed: string,
): Promise<VerifiedStatement | undefined> {
  try {
    let keyId = ''
    const { payload } = await compactVerify(
      signed,
      async ({ jwk, typ }) => {
        if (jwk === undefined || typ !== TYPE) throw new errors.JWSInvalid('not a checkpoint')
        keyId = await calculateJwkThumbprint(jwk)
        return importJWK(jwk, ALGORITHM)
      },
      { algorithms: [ALGORITHM] },
    )
    const statement = JSON.parse(new TextDecoder().decode(payload))
    return { keyId, statement, isOwnKey: await isOwnKey() }

    async function isOwnKey(): Promise<boolean | null> {
      const row = await findSigningKey(store, keyId)
      if (row?.purpose !== PURPOSE) return false
      const ready = await keys.ready().catch(() => undefined)
      // A row that only the database has is one that anyone who can write to it may have put there.
      return ready === undefined ? null : openSigningKey(ready, row) !== undefined
    }
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError)
      return undefined
    throw error
  }
}

function publicPart({ kty, crv, x }: JWK): JWK {
  return { kty, crv, x } as JWK
}
