import { CompactSign, calculateJwkThumbprint, compactVerify, errors, importJWK, type JWK } from 'jose'
import type { Runtime } from '../config/runtime.ts'
import { makeSigningKey, openSigningKey, publicPart } from '../config/signing-key.ts'
import { findSigningKey, insertSigningKey, listSigningKeys } from '../store/queries/signing-keys.ts'

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
  const made = await makeSigningKey(ready, ALGORITHM, { purpose: PURPOSE, createdAt: clock() })
  await store.write([insertSigningKey(store, made.row)])
  return { keyId: made.row.key_id, jwk: made.jwk }
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
