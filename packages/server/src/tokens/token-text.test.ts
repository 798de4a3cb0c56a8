import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatToken, newClientSecret, newToken, parseToken, type TokenKind } from './token-text.ts'

const kind = fc.constantFrom<TokenKind>('at', 'rt', 'ac')
const companyId = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const secret = fc.uint8Array({ minLength: 24, maxLength: 24 })
const token = fc.tuple(kind, companyId, secret)

describe('the text of a token', () => {
  it('the text of a token says its kind and company, whatever they are', () => {
    fc.assert(
      fc.property(token, ([kind, companyId, secret]) => {
        expect(parseToken(formatToken(kind, companyId, secret))).toEqual({ kind, companyId })
      }),
    )
  })

  it('the text of a token consists of unreserved characters, so that encoding it any number of times changes nothing', () => {
    fc.assert(
      fc.property(token, ([kind, companyId, secret]) => {
        const text = formatToken(kind, companyId, secret)
        return encodeURIComponent(encodeURIComponent(text)) === text
      }),
    )
  })

  it('the text of a token with one character changed, left out or added is no token', () => {
    const damage = fc.tuple(token, fc.nat(), fc.string({ maxLength: 1 }), fc.boolean())
    fc.assert(
      fc.property(damage, ([[kind, companyId, secret], position, character, insert]) => {
        const text = formatToken(kind, companyId, secret)
        const at = position % text.length
        const damaged = text.slice(0, at) + character + text.slice(insert ? at : at + 1)
        fc.pre(damaged !== text)
        return parseToken(damaged) === undefined
      }),
      { numRuns: 1000 },
    )
  })

  it('the text of a token with a character whose low byte alone is the right one is no token', () => {
    const text = newToken('at', 1)
    for (let at = 0; at < text.length; at++) {
      const damaged = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) + 256) + text.slice(at + 1)
      expect(parseToken(damaged)).toBeUndefined()
    }
  })

  it('garbage is not a token, and never an error', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => parseToken(text) === undefined))
  })

  it('the text of a token does not take a company id that JavaScript cannot hold', () => {
    expect(parseToken(formatToken('at', Number.MAX_SAFE_INTEGER + 1, new Uint8Array(24)))).toBeUndefined()
  })

  it('[OA-07] a token has 192 bits of entropy', () => {
    const secrets = new Set(Array.from({ length: 1000 }, () => newToken('ac', 1).slice(9, 57)))
    expect(secrets.size).toBe(1000)
    expect([...secrets].every(text => /^[0-9a-f]{48}$/.test(text))).toBe(true)
  })

  it('a client secret has a prefix and a checksum of its own, and is no token', () => {
    const text = newClientSecret()
    expect(text).toMatch(/^tny_cs_[0-9a-f]{56}$/)
    expect(crc32(text.slice(0, -8)).toString(16).padStart(8, '0')).toBe(text.slice(-8))
    expect(parseToken(text)).toBeUndefined()
  })
})
