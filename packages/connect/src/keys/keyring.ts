import { ConnectError } from '../errors.ts'
import { fromBase64, toBase64Url, utf8 } from './bytes.ts'

/** Shorter keys could be guessed. */
const MIN_KEY = 32

/** The app's encryption keys: the current one first, the earlier ones for what was encrypted or signed under them. */
export interface Keyring {
  /** Encrypts with the current key (AES-256-GCM). `context` must be the same when it is opened. */
  seal(text: string, context: string): Promise<string>
  /** @throws {ConnectError} `tokens_unreadable` when no key opens it, it was changed, or it belongs to another context */
  open(sealed: string, context: string): Promise<string>
  isSealedByCurrent(sealed: string): Promise<boolean>
  /** Signs a text with the current key (HMAC-SHA-256). */
  sign(text: string): Promise<string>
  verify(text: string, signature: string): Promise<boolean>
}

interface Key {
  id: string
  encryption: CryptoKey
  signature: CryptoKey
}

/**
 * @param secrets each at least 32 characters long; `npx tenantry-connect key` prints one
 * @throws {ConnectError} `configuration_invalid`
 */
export function createKeyring(secrets: readonly string[]): Keyring {
  if (secrets.length === 0 || secrets.some(secret => typeof secret !== 'string' || secret.length < MIN_KEY)) {
    throw new ConnectError(
      'configuration_invalid',
      `encryptionKeys: at least one key, each at least ${MIN_KEY} characters long, the current one first. \`npx tenantry-connect key\` prints a new one.`,
    )
  }
  let imported: Promise<Key[]> | undefined
  const keys = () => {
    imported ??= Promise.all(secrets.map(importKey))
    return imported
  }
  return {
    async seal(text, context) {
      const { id, encryption } = (await keys())[0]!
      const iv = crypto.getRandomValues(new Uint8Array(12))
      const parameters = { name: 'AES-GCM', iv, additionalData: utf8(context) }
      const sealed = new Uint8Array(await crypto.subtle.encrypt(parameters, encryption, utf8(text)))
      return ['v1', id, toBase64Url(iv), toBase64Url(sealed)].join('.')
    },
    async open(sealed, context) {
      const [version, id, iv, text] = sealed.split('.')
      const key = (await keys()).find(key => key.id === id)
      if (version !== 'v1' || !key)
        throw unreadable(`they are encrypted under the key ${id}, which is not in encryptionKeys`)
      const parameters = { name: 'AES-GCM', iv: fromBase64(iv ?? '')!, additionalData: utf8(context) }
      try {
        const opened = await crypto.subtle.decrypt(parameters, key.encryption, fromBase64(text ?? '')!)
        return new TextDecoder().decode(opened)
      } catch (cause) {
        throw unreadable('they were changed, or belong to another link', cause)
      }
    },
    async isSealedByCurrent(sealed) {
      return sealed.split('.')[1] === (await keys())[0]!.id
    },
    async sign(text) {
      const { signature } = (await keys())[0]!
      return toBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', signature, utf8(text))))
    },
    async verify(text, signature) {
      const bytes = fromBase64(signature)
      if (!bytes) return false
      for (const key of await keys()) {
        if (await crypto.subtle.verify('HMAC', key.signature, bytes, utf8(text))) return true
      }
      return false
    },
  }
}

async function importKey(secret: string): Promise<Key> {
  const material = await crypto.subtle.importKey('raw', utf8(secret), 'HKDF', false, ['deriveKey', 'deriveBits'])
  const purpose = (info: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: utf8(`@tenantry/connect ${info}`),
  })
  const [id, encryption, signature] = await Promise.all([
    crypto.subtle.deriveBits(purpose('key id'), material, 48),
    crypto.subtle.deriveKey(purpose('tokens'), material, { name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ]),
    crypto.subtle.deriveKey(purpose('flows'), material, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, [
      'sign',
      'verify',
    ]),
  ])
  return { id: toBase64Url(new Uint8Array(id)), encryption, signature }
}

function unreadable(reason: string, cause?: unknown): ConnectError {
  return new ConnectError('tokens_unreadable', `The tokens of this link cannot be read: ${reason}.`, { cause })
}
