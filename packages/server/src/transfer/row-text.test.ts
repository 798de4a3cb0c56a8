import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Checksum, readRow, writeRow } from './row-text.ts'
import type { TransferRow } from './tables.ts'

const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.maxSafeInteger(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 64 }),
)
const row = fc.dictionary(fc.stringMatching(/^[a-z_]{1,12}$/), value) as fc.Arbitrary<TransferRow>

describe('a row as a line', () => {
  it('a row as a line comes back as it was, on one line, whatever is in it', () => {
    fc.assert(
      fc.property(row, given => {
        const text = writeRow(given)
        expect(text).not.toContain('\n')
        expect(readRow(JSON.parse(text))).toEqual({ ...given })
      }),
    )
  })

  it('a row as a line is the same text in whatever order its columns come', () => {
    fc.assert(
      fc.property(row, given => {
        const reversed = Object.fromEntries(Object.entries(given).reverse())
        expect(writeRow(reversed)).toBe(writeRow(given))
      }),
    )
  })

  it('a line that is not a row is refused', () => {
    for (const wrong of [true, {}, [], { base64: 1 }, undefined]) expect(() => readRow({ a: wrong })).toThrow(TypeError)
  })

  it('a checksum does not depend on the order of rows, and on everything else', () => {
    const sum = (rows: TransferRow[]) => {
      const checksum = new Checksum()
      for (const each of rows) checksum.add(each)
      return checksum
    }
    fc.assert(
      fc.property(fc.array(row), fc.array(row), (a, b) => {
        expect(sum(a).equals(sum(a.toReversed()))).toBe(true)
        const texts = (rows: TransferRow[]) => rows.map(writeRow).sort().join('\n')
        expect(sum(a).equals(sum(b))).toBe(texts(a) === texts(b))
      }),
    )
  })
})
