import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import type { SigningKeyRow } from '../store/queries/signing-keys.ts'
import { decrypt, encrypt, type Keys } from './keys.ts'

/** A new key pair, named by the thumbprint of its public part (RFC 7638), and the row that keeps it. */
export async function makeSigningKey(
  keys: Keys,
  algorithm: string,
  { purpose, createdAt }: { purpose: string; createdAt: number },
): Promise<{ jwk: JWK; row: SigningKeyRow }> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = await exportJWK(privateKey)
  const keyId = await calculateJwkThumbprint(jwk)
  const sealed = encrypt(keys, JSON.stringify(jwk), signingKeyOwner(keyId))
  return { jwk, row: { key_id: keyId, purpose, sealed, created_at: createdAt } }
}

/** The private part, or undefined where it is sealed under a key that is not at hand. */
export function openSigningKey(keys: Keys, { key_id, sealed }: SigningKeyRow): JWK | undefined {
  const text = decrypt(keys, sealed, signingKeyOwner(key_id))
  return text === undefined ? undefined : (JSON.parse(text) as JWK)
}

/** For whom a signing key is sealed. */
export function signingKeyOwner(keyId: string): string {
  return `signing key ${keyId}`
}

/** The parts that may be published, named one by one so that no private part can slip through (RFC 7518 section 6). */
export function publicPart({ kty, n, e, crv, x, y }: JWK): JWK {
  return Object.fromEntries(Object.entries({ kty, n, e, crv, x, y }).filter(([, value]) => value !== undefined))
}
