import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomSecret } from './random.ts'

describe('random secrets', () => {
  it('random bytes are given once, whatever sizes are asked for', () => {
    const given = new Set<string>()
    let count = 0
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 12, max: 4096 }), { maxLength: 40 }), sizes => {
        for (const size of sizes) {
          const bytes = randomSecret(size)
          expect(bytes).toHaveLength(size)
          // Whatever part of it comes again, its twelve bytes do.
          for (let at = 0; at + 12 <= size; at += 12) {
            given.add(bytes.toString('latin1', at, at + 12))
            count += 1
          }
        }
      }),
      { numRuns: 40 },
    )
    expect(given.size).toBe(count)
  })

  it('bytes that were given stay as they are', () => {
    const first = randomSecret(32)
    const before = Buffer.from(first)
    for (let each = 0; each < 300; each++) randomSecret(32)
    expect(first).toEqual(before)
  })

  it('every bit is set about as often as not', () => {
    const bits = Array.from({ length: 2000 }, () => randomSecret(24).readUInt32BE(8).toString(2).replaceAll('0', ''))
    const share = bits.join('').length / (2000 * 32)
    expect(share).toBeGreaterThan(0.48)
    expect(share).toBeLessThan(0.52)
  })
})
