import { createHash, pbkdf2Sync, scryptSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parsePasswordHash } from '../companies/password-hash.ts'
import { verifyHash } from './verify-hash.ts'

const { password, hashes } = JSON.parse(
  readFileSync(new URL('../../../../tests/fixtures/password-hashes.json', import.meta.url), 'utf8'),
) as { password: string; hashes: { source: string; version: string; hash: string }[] }

const text = (bytes: Buffer) => bytes.toString('base64')
const short = (bytes: Buffer) => text(bytes).replace(/=+$/, '')

// Of formats whose implementations are not packaged: written as their documentation says.
const salt = createHash('sha256').update('salt').digest().subarray(0, 16)
const scrypted = (salted: Buffer | string, N: number, length: number) =>
  scryptSync(password, salted, length, { N, r: 8, p: 1 })
const written = [
  ['Django scrypt', `scrypt$1024$salt of a text$8$1$${text(scrypted('salt of a text', 1024, 64))}`],
  ['Keycloak', `$pbkdf2-sha512$i=1000,l=64$${short(salt)}$${short(pbkdf2Sync(password, salt, 1000, 64, 'sha512'))}`],
  ['PHC scrypt', `$scrypt$ln=10,r=8,p=1$${short(salt)}$${short(scrypted(salt, 1024, 32))}`],
] as const

describe('hashes of passwords from elsewhere', () => {
  it.each([...hashes.map(({ source, hash }) => [source, hash] as const), ...written])(
    'a hash of %s is verified, and no other password is',
    async (_, hash) => {
      expect(await verifyHash(hash, password)).toBe(true)
      for (const wrong of [`${password} `, password.slice(1), '', password.toUpperCase()]) {
        expect([wrong, await verifyHash(hash, wrong)]).toEqual([wrong, false])
      }
    },
  )

  it('a hash of Firebase is verified with the parameters of its project', async () => {
    // The example in Firebase's own description of the algorithm.
    const key = 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=='
    const hash = 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=='
    const whole = `$firebase-scrypt$ln=14,r=8$${key}$Bw==$42xEC+ixf3L2lw==$${hash}`
    expect(await verifyHash(whole, 'user1password')).toBe(true)
    expect(await verifyHash(whole, 'user2password')).toBe(false)
  })

  it.each([
    'plain text',
    '',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    '$1$salt$qJH7.N4xYta3aEG/dfqo/0',
    '$argon2id$v=19$m=9999999,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA',
    '$argon2id$v=19$m=64,t=999,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA',
    '$2b$31$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuabcdefghij',
    '$scrypt$ln=30,r=8,p=1$c2FsdA$aGFzaGhhc2hoYXNoaGFzaA',
    'pbkdf2_sha256$999999999$salt$aGFzaGhhc2hoYXNoaGFzaA==',
    'pbkdf2_md5$1000$salt$aGFzaGhhc2hoYXNoaGFzaA==',
    '$pbkdf2-sha256$0$c2FsdA$aGFzaGhhc2hoYXNoaGFzaA',
    '$pbkdf2-sha256$1000$c2FsdA$aA',
  ])('a text that is no hash, or whose check would take too much, is refused: %s', async hash => {
    expect(parsePasswordHash(hash)).toBeUndefined()
    expect(await verifyHash(hash, 'plain text')).toBe(false)
  })

  it('parsing takes time in proportion to the text', () => {
    const time = (size: number) => {
      const started = performance.now()
      for (const text of ['$scrypt$ln=1,r=8,p=1$', 'pbkdf2_sha256$1$', '$pbkdf2$1$', '$firebase-scrypt$ln=1,r=8$']) {
        parsePasswordHash(text + 'a'.repeat(size))
        parsePasswordHash(text + '='.repeat(size))
      }
      return performance.now() - started
    }
    time(1000)
    const small = Math.min(...Array.from({ length: 9 }, () => time(20_000)))
    const large = Math.min(...Array.from({ length: 9 }, () => time(80_000)))
    expect(large).toBeLessThan(10 * Math.max(small, 1))
  })
})
