import { createCipheriv, createHash, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { type PasswordHash, parsePasswordHash } from '../companies/password-hash.ts'

type Scrypt = (
  password: string,
  salt: Buffer,
  length: number,
  options: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer>

const deriveScrypt = promisify(scrypt) as unknown as Scrypt
const derivePbkdf2 = promisify(pbkdf2)

/** Whether a password has this hash, of whichever format. The work is done on other threads. */
export async function verifyHash(text: string, password: string): Promise<boolean> {
  const hash = parsePasswordHash(text)
  if (!hash) return false
  // Ours is over the normalized password; other systems hash what was typed.
  const normalized = password.normalize('NFKC')
  if (await verifyParsed(hash, normalized)) return true
  return normalized !== password && verifyParsed(hash, password)
}

async function verifyParsed(hash: PasswordHash, password: string): Promise<boolean> {
  switch (hash.algorithm) {
    case 'argon2': {
      const { verify } = await import('@node-rs/argon2')
      return verify(hash.phc, password)
    }
    case 'bcrypt': {
      const { compare } = await import('bcrypt')
      return compare(hash.isOverSha256 ? createHash('sha256').update(password).digest('hex') : password, hash.hash)
    }
    case 'pbkdf2': {
      const { salt, iterations, digest } = hash
      return isSame(await derivePbkdf2(password, salt, iterations, hash.hash.length, digest), hash.hash)
    }
    case 'scrypt': {
      const { cost, blockSize, parallelism, salt } = hash
      return isSame(await stretch(password, salt, hash.hash.length, cost, blockSize, parallelism), hash.hash)
    }
    case 'firebase': {
      // Its hash is the project's key, encrypted under the key that scrypt derives from the password.
      const key = await stretch(password, hash.salt, 32, hash.cost, hash.blockSize, 1)
      return isSame(createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(hash.signerKey), hash.hash)
    }
  }
}

function stretch(password: string, salt: Buffer, length: number, N: number, r: number, p: number): Promise<Buffer> {
  return deriveScrypt(password, salt, length, { N, r, p, maxmem: 128 * N * r * 2 + 1024 * 1024 })
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}
