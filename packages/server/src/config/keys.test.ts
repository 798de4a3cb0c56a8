import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { authenticate, decrypt, deriveKeys, encrypt } from './keys.ts'
import { SettingsError } from './settings.ts'

const OLD = 'the secret that was current before today'
const NEW = 'the secret that is current since today..'

describe('the server’s keys', () => {
  it('what was encrypted is read by its owner’s name alone, and any change is noticed', () => {
    const keys = deriveKeys([NEW])
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (text, owner, other) => {
        const sealed = encrypt(keys, text, owner)
        expect(decrypt(keys, sealed, owner)).toBe(text)
        if (other !== owner) expect(decrypt(keys, sealed, other)).toBeUndefined()
        expect(decrypt(keys, `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`, owner)).not.toBe(text)
      }),
    )
  })

  it('what was encrypted under an earlier secret is still read; under a forgotten one not', () => {
    const sealed = encrypt(deriveKeys([OLD]), 'client secret', 'app')
    expect(decrypt(deriveKeys([NEW, OLD]), sealed, 'app')).toBe('client secret')
    expect(decrypt(deriveKeys([NEW]), sealed, 'app')).toBeUndefined()
  })

  it('garbage is not read, and never an error', () => {
    const keys = deriveKeys([NEW])
    fc.assert(fc.property(fc.string(), text => decrypt(keys, text, 'app') === undefined))
  })

  it('no purpose shares a key with another', () => {
    const { successor, forms, knownBrowser, encryption } = deriveKeys([NEW])
    const keys = [successor[0], forms[0], knownBrowser[0], encryption[0]?.key].map(key =>
      Buffer.from(key ?? []).toString('hex'),
    )
    expect(new Set(keys).size).toBe(4)
  })

  it('parts that are authenticated cannot run into each other', () => {
    const key = new Uint8Array(32)
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b))
        return !authenticate(key, ...a).equals(authenticate(key, ...b))
      }),
    )
    expect(authenticate(key, 'ab', 'c').equals(authenticate(key, 'a', 'bc'))).toBe(false)
  })

  it('a short or missing secret is refused', () => {
    expect(() => deriveKeys([])).toThrow(SettingsError)
    expect(() => deriveKeys([NEW, 'short'])).toThrow(/at least 32 characters/)
  })
})
