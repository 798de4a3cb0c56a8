import { z } from 'zod'

/** How a password was hashed, with what is needed to check one. */
export type PasswordHash =
  | { algorithm: 'argon2'; phc: string }
  | { algorithm: 'bcrypt'; hash: string; isOverSha256: boolean }
  | { algorithm: 'scrypt'; cost: number; blockSize: number; parallelism: number; salt: Buffer; hash: Buffer }
  | { algorithm: 'pbkdf2'; digest: string; iterations: number; salt: Buffer; hash: Buffer }
  | { algorithm: 'firebase'; cost: number; blockSize: number; salt: Buffer; signerKey: Buffer; hash: Buffer }

/** What a check of one password may take: more is a mistake, or an attempt to keep the server busy. */
const MAX_MEMORY = 256 * 1024 * 1024
const MAX_ITERATIONS = 10_000_000
const MAX_BCRYPT_COST = 16
const MAX_ARGON2_PASSES = 20

type Reader = (fields: string[]) => PasswordHash | undefined

/** By how the text begins: the formats of Django, passlib, PHP, Rails and others, and the PHC strings. */
const readers: readonly [RegExp, Reader][] = [
  [
    /^\$argon2(?:id|i|d)\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$[\w+/]+\$[\w+/]+$/,
    ([phc, m, t, p]) => argon2(phc!, m!, t!, p!),
  ],
  [
    /^argon2(\$argon2(?:id|i|d)\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$[\w+/]+\$[\w+/]+)$/,
    ([, phc, m, t, p]) => argon2(phc!, m!, t!, p!),
  ],
  [/^(?:bcrypt\$)?(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53})$/, ([, hash, cost]) => bcrypt(hash!, cost!, false)],
  [/^bcrypt_sha256\$(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53})$/, ([, hash, cost]) => bcrypt(hash!, cost!, true)],
  [
    /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([\w+/.]+)\$([\w+/.]+)$/,
    ([, ln, r, p, salt, hash]) => scrypt(2 ** Number(ln), r!, p!, base64(salt!), base64(hash!)),
  ],
  // Django's salt is a text.
  [
    /^scrypt\$(\d+)\$([^$]+)\$(\d+)\$(\d+)\$([\w+/]+=*)$/,
    ([, n, salt, r, p, hash]) => scrypt(Number(n), r!, p!, Buffer.from(salt!), base64(hash!)),
  ],
  [
    /^pbkdf2_(sha1|sha256|sha512)\$(\d+)\$([^$]+)\$([\w+/]+=*)$/,
    ([, digest, iterations, salt, hash]) => pbkdf2(digest!, iterations!, Buffer.from(salt!), base64(hash!)),
  ],
  [
    /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d+)(?:,l=\d+)?\$([\w+/.]+=*)\$([\w+/.]+=*)$/,
    ([, digest = 'sha1', iterations, salt, hash]) => pbkdf2(digest, iterations!, base64(salt!), base64(hash!)),
  ],
  [
    /^\$firebase-scrypt\$ln=(\d+),r=(\d+)\$([\w+/]+=*)\$([\w+/]*=*)\$([\w+/]+=*)\$([\w+/]+=*)$/,
    ([, ln, r, signerKey, separator, salt, hash]) => firebase(Number(ln), r!, signerKey!, separator!, salt!, hash!),
  ],
]

/** The parts of a hash, or undefined for a text that is none or whose check would take too much. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  for (const [pattern, read] of readers) {
    const fields = pattern.exec(text)
    if (fields) return read([...fields])
  }
  return undefined
}

function argon2(phc: string, memory: string, passes: string, lanes: string): PasswordHash | undefined {
  if (Number(memory) * 1024 > MAX_MEMORY || Number(passes) > MAX_ARGON2_PASSES || Number(lanes) > 16) return undefined
  return { algorithm: 'argon2', phc }
}

function bcrypt(hash: string, cost: string, isOverSha256: boolean): PasswordHash | undefined {
  if (Number(cost) < 4 || Number(cost) > MAX_BCRYPT_COST) return undefined
  // PHP's letter for the same algorithm.
  return { algorithm: 'bcrypt', hash: hash.replace('$2y$', '$2b$'), isOverSha256 }
}

function scrypt(cost: number, r: string, p: string, salt: Buffer, hash: Buffer): PasswordHash | undefined {
  const [blockSize, parallelism] = [Number(r), Number(p)]
  if (!isScryptCost(cost, blockSize) || parallelism < 1 || parallelism > 16 || hash.length < 16) return undefined
  return { algorithm: 'scrypt', cost, blockSize, parallelism, salt, hash }
}

function pbkdf2(digest: string, iterations: string, salt: Buffer, hash: Buffer): PasswordHash | undefined {
  const count = Number(iterations)
  if (count < 1 || count > MAX_ITERATIONS || hash.length < 16 || hash.length > 128) return undefined
  return { algorithm: 'pbkdf2', digest, iterations: count, salt, hash }
}

function firebase(ln: number, r: string, key: string, separator: string, salt: string, hash: string) {
  const [cost, blockSize] = [2 ** ln, Number(r)]
  if (!isScryptCost(cost, blockSize)) return undefined
  const salted = Buffer.concat([base64(salt), base64(separator)])
  return { algorithm: 'firebase' as const, cost, blockSize, salt: salted, signerKey: base64(key), hash: base64(hash) }
}

function isScryptCost(cost: number, blockSize: number): boolean {
  return cost >= 2 && Number.isInteger(Math.log2(cost)) && blockSize >= 1 && 128 * cost * blockSize <= MAX_MEMORY
}

/** With padding or without, and as passlib writes it, with a dot for the plus. */
function base64(text: string): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64')
}

/** A password hash from elsewhere. */
export const passwordHash = z
  .string()
  .max(1024)
  .refine(
    text => parsePasswordHash(text) !== undefined,
    'must be a hash of argon2, bcrypt, scrypt or PBKDF2 in a known format, whose check takes no more than 256 MiB',
  )
