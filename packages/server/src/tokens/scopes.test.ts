import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CompatibilityProfile, formatScopes, isSubset, parseScopes, storedScopes } from './scopes.ts'

const SCOPE_CHARACTERS = [...Array(94).keys()]
  .map(offset => String.fromCharCode(0x21 + offset))
  .filter(c => !'",\\'.includes(c))
const scope = fc.string({ unit: fc.constantFrom(...SCOPE_CHARACTERS), minLength: 1, maxLength: 20 })
const scopes = fc.uniqueArray(scope, { maxLength: 8 })
const profile = fc.constantFrom<CompatibilityProfile>('standard', 'pipedrive')

describe('lists of scopes', () => {
  it('lists of scopes read back as they were written, in either profile', () => {
    fc.assert(
      fc.property(scopes, profile, (list, profile) => {
        expect(parseScopes(formatScopes(list, profile), profile)).toEqual(list)
      }),
    )
  })

  it('lists of scopes name each scope once', () => {
    fc.assert(
      fc.property(scopes, list => {
        expect(parseScopes([...list, ...list].join('  '), 'standard')).toEqual(list)
      }),
    )
  })

  it('lists of scopes hold scopes only: whatever parses is made of allowed characters, and nothing throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), profile, (text, profile) => {
        const parsed = parseScopes(text, profile)
        return parsed === undefined || parsed.every(one => [...one].every(c => SCOPE_CHARACTERS.includes(c)))
      }),
    )
  })

  it('lists of scopes are stored and found again', () => {
    expect(storedScopes('')).toEqual([])
    expect(storedScopes('base users:read')).toEqual(['base', 'users:read'])
  })

  it('lists of scopes are a part of others when all of them are among these', () => {
    fc.assert(fc.property(fc.shuffledSubarray(['a', 'b', 'c', 'd']), part => isSubset(part, ['a', 'b', 'c', 'd'])))
    expect(isSubset(['a', 'x'], ['a'])).toBe(false)
  })
})
