import { createCipheriv, createDecipheriv, createHmac, hash, hkdfSync, randomBytes } from 'node:crypto'
import { SettingsError } from './settings.ts'

const MIN_SECRET = 32

/**
 * The server's keys, each for one purpose, derived (HKDF, RFC 5869) from secrets. The first of each is current; what was
 * made under the later ones still verifies.
 */
export interface Keys {
  /** Successor tokens are derived under these; newest first. */
  readonly successor: readonly Uint8Array[]
  /** Form tokens, consent tickets and the mark of a known browser. */
  readonly forms: readonly Uint8Array[]
  readonly knownBrowser: readonly Uint8Array[]
  readonly encryption: readonly EncryptionKey[]
}

export interface EncryptionKey {
  id: string
  key: Uint8Array
}

/** @throws {SettingsError} when a secret is missing or too short to be one */
export function deriveKeys(secrets: readonly string[]): Keys {
  if (secrets.length === 0) throw new SettingsError(['secrets: at least one is needed'])
  if (secrets.some(secret => secret.length < MIN_SECRET)) {
    throw new SettingsError([
      `secrets: each needs at least ${MIN_SECRET} characters; make one with \`openssl rand -base64 32\``,
    ])
  }
  const each = (purpose: string) => secrets.map(secret => deriveKey(secret, purpose))
  return {
    successor: each('successor tokens'),
    forms: each('forms'),
    knownBrowser: each('known browser'),
    encryption: each('encryption').map(key => ({ id: hash('sha256', key, 'hex').slice(0, 8), key })),
  }
}

function deriveKey(secret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'tenantry', purpose, 32))
}

/** HMAC-SHA-256 over parts that cannot run into each other. */
export function authenticate(key: Uint8Array, ...parts: (string | Uint8Array)[]): Buffer {
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part)
  return hmac.digest()
}

/** Encrypts with AES-256-GCM; only the same `owner` can be given to {@link decrypt}. */
export function encrypt({ encryption }: Keys, plaintext: string, owner: string): string {
  const { id, key } = encryption[0]!
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(owner))
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return [id, iv.toString('base64url'), ciphertext.toString('base64url')].join('.')
}

/** The plaintext, or undefined where the key is not among the configured ones or the text was tampered with. */
export function decrypt({ encryption }: Keys, text: string, owner: string): string | undefined {
  const [id, iv, sealed] = text.split('.')
  const key = encryption.find(candidate => candidate.id === id)?.key
  if (!key || !iv || !sealed) return undefined
  const bytes = Buffer.from(sealed, 'base64url')
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url')).setAAD(Buffer.from(owner))
    decipher.setAuthTag(bytes.subarray(-16))
    return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}
