import fc from 'fast-check'
import { expect, it } from 'vitest'
import { remembered } from './remembered.ts'

it('a remembered function says what it would say again, computes once, and forgets when others have come', () => {
  const asked: string[] = []
  const lengthOf = remembered(text => {
    asked.push(text)
    return text === '' ? undefined : text.length
  })
  fc.assert(fc.property(fc.string({ maxLength: 100 }), text => lengthOf(text) === (text.length || undefined)))
  asked.length = 0
  for (let times = 0; times < 3; times++) lengthOf('an address')
  expect(asked).toEqual(['an address'])
  // What is too long to be one is not kept.
  for (let times = 0; times < 2; times++) lengthOf('x'.repeat(65))
  expect(asked).toHaveLength(3)
  for (let other = 0; other < 10_001; other++) lengthOf(`other ${other}`)
  lengthOf('an address')
  expect(asked.at(-1)).toBe('an address')
})
