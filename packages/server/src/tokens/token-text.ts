import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { randomSecret } from '../config/random.ts'
import { CHECKSUM_LENGTH, endsWithChecksum } from './checksum.ts'

/**
 * What the parts of a token say, in unreserved characters only (RFC 3986 section 2.3):
 * `tny_` kind `_` company id `_` 48 hexadecimal digits of secret, 8 of CRC-32 over everything before them.
 * A client secret and an admin key have no company id. The company id is a routing hint, never trusted without the hash.
 */
export type AccessTokenKind = 'at' | 'ra' | 'da' | 'dr'
export type TokenKind = AccessTokenKind | 'rt' | 'ac'

/**
 * Access tokens for resource servers, and those that are bound to a key (RFC 9449), have kinds of their own, so that what must not
 * take them refuses them unread.
 */
export function accessTokenKind({ resources, jkt }: { resources: string | null; jkt: string | null }): AccessTokenKind {
  if (jkt === null) return resources === null ? 'at' : 'ra'
  return resources === null ? 'da' : 'dr'
}

export function isAccessTokenKind(kind: TokenKind | undefined): kind is AccessTokenKind {
  return kind === 'at' || kind === 'ra' || kind === 'da' || kind === 'dr'
}

export interface TokenText {
  kind: TokenKind
  companyId: number
}

/** 192 bits. */
const SECRET_BYTES = 24
const PREFIX_LENGTH = 'tny_at_'.length
const ZERO = '0'.charCodeAt(0)
const SECRET_AND_CHECKSUM = 2 * SECRET_BYTES + CHECKSUM_LENGTH

export function formatToken(kind: TokenKind, companyId: number, secret: Uint8Array): string {
  return withChecksum(`tny_${kind}_${companyId}_${Buffer.from(secret).toString('hex')}`)
}

export function newToken(kind: TokenKind, companyId: number): string {
  return formatToken(kind, companyId, randomSecret(SECRET_BYTES))
}

/** @param secret 192 bits; random when not given */
export function newClientSecret(secret: Uint8Array = randomSecret(SECRET_BYTES)): string {
  return withChecksum(`tny_cs_${Buffer.from(secret).toString('hex')}`)
}

const ADMIN_KEY = /^tny_ak_[0-9a-f]{56}$/

/** @param secret 192 bits; random when not given */
export function newAdminKey(secret: Uint8Array = randomSecret(SECRET_BYTES)): string {
  return withChecksum(`tny_ak_${Buffer.from(secret).toString('hex')}`)
}

/** Whether a text may be an admin key: garbage is recognized without asking the database. */
export function isAdminKey(text: string): boolean {
  return ADMIN_KEY.test(text) && endsWithChecksum(text)
}

/** The parts of a complete token; undefined for garbage, which is recognized without asking the database. */
export function parseToken(text: string): TokenText | undefined {
  const kind = readKind(text)
  if (kind === undefined) return undefined
  const end = text.indexOf('_', PREFIX_LENGTH)
  if (text.length !== end + 1 + SECRET_AND_CHECKSUM || !endsWithChecksum(text)) return undefined
  const companyId = readId(text, PREFIX_LENGTH, end)
  return companyId === undefined ? undefined : { kind, companyId }
}

function readKind(text: string): TokenKind | undefined {
  // The most frequent kind first.
  if (text.startsWith('tny_at_')) return 'at'
  if (text.startsWith('tny_rt_')) return 'rt'
  if (text.startsWith('tny_ra_')) return 'ra'
  if (text.startsWith('tny_da_')) return 'da'
  if (text.startsWith('tny_dr_')) return 'dr'
  return text.startsWith('tny_ac_') ? 'ac' : undefined
}

/** A positive integer below 2^53 without leading zeros. */
function readId(text: string, start: number, end: number): number | undefined {
  if (text[start] === '0') return undefined
  let id = 0
  for (let index = start; index < end; index++) {
    const digit = text.charCodeAt(index) - ZERO
    if (digit < 0 || digit > 9) return undefined
    id = id * 10 + digit
  }
  return id > 0 && Number.isSafeInteger(id) ? id : undefined
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

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(CHECKSUM_LENGTH, '0')
}
