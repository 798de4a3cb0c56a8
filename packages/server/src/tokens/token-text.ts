import { hash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * What the parts of a token say, in unreserved characters only (RFC 3986 section 2.3):
 * `tny_` kind `_` company id `_` 48 hexadecimal digits of secret, 8 of CRC-32 over everything before them.
 * A client secret has no company id. The company id is a routing hint, never trusted without the hash.
 */
export type TokenKind = 'at' | 'rt' | 'ac'

export interface TokenText {
  kind: TokenKind
  companyId: number
}

/** 192 bits. */
const SECRET_BYTES = 24
const SHAPE = /^tny_(at|rt|ac)_([1-9][0-9]{0,15})_[0-9a-f]{56}$/

export function formatToken(kind: TokenKind, companyId: number, secret: Uint8Array): string {
  return withChecksum(`tny_${kind}_${companyId}_${Buffer.from(secret).toString('hex')}`)
}

export function newToken(kind: TokenKind, companyId: number): string {
  return formatToken(kind, companyId, randomBytes(SECRET_BYTES))
}

export function newClientSecret(): string {
  return withChecksum(`tny_cs_${randomBytes(SECRET_BYTES).toString('hex')}`)
}

/** The parts of a complete token; undefined for garbage, which is recognized without asking the database. */
export function parseToken(text: string): TokenText | undefined {
  const match = SHAPE.exec(text)
  if (!match || !checksumHolds(text)) return undefined
  const companyId = Number(match[2])
  return Number.isSafeInteger(companyId) ? { kind: match[1] as TokenKind, companyId } : undefined
}

/** SHA-256: tokens, codes, client secrets and session ids are stored as nothing else. */
export function hashSecret(text: string): Uint8Array {
  return hash('sha256', text, 'buffer')
}

/** The same as a text of one character per byte: faster to create and to look up. */
export function hashAsText(text: string): string {
  return hash('sha256', text, 'latin1')
}

/** The first 192 bits of an authenticated digest, as the secret of a derived token. */
export function toSecret(digest: Uint8Array): Uint8Array {
  return digest.subarray(0, SECRET_BYTES)
}

function withChecksum(text: string): string {
  return text + checksum(text)
}

function checksumHolds(text: string): boolean {
  return crc32(text.slice(0, -8)) === Number.parseInt(text.slice(-8), 16)
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
