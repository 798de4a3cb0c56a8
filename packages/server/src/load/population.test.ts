import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groups, seededRandom } from './population.ts'

const sizes = fc
  .record({ companies: fc.integer({ min: 1, max: 300 }), more: fc.integer({ min: 0, max: 3000 }), seed: fc.nat() })
  .map(({ companies, more, seed }) => ({ size: { companies, users: companies + more, tokens: 1 }, seed }))

describe('a made-up population', () => {
  it('a made-up population has every user at home in one company, no company empty, and no user a guest at their own company', () => {
    fc.assert(
      fc.property(sizes, ({ size, seed }) => {
        let next = 1
        let companies = 0
        for (const { company, firstUser, homeUsers, guests } of groups(size, seededRandom(seed))) {
          expect([company, firstUser]).toEqual([++companies, next])
          expect(homeUsers).toBeGreaterThan(0)
          next += homeUsers
          expect(new Set(guests).size).toBe(guests.length)
          for (const guest of guests) {
            expect(guest >= 1 && guest <= size.users && (guest < firstUser || guest >= next)).toBe(true)
          }
        }
        expect([companies, next]).toEqual([size.companies, size.users + 1])
      }),
    )
  })

  it('a made-up population is mostly small companies, a few huge ones, and people at several', () => {
    const all = [...groups({ companies: 10_000, users: 100_000, tokens: 1 }, seededRandom(1))]
    const members = all.map(({ homeUsers, guests }) => homeUsers + guests.length)
    expect(Math.max(...members)).toBeGreaterThan(2000)
    expect(members.filter(count => count <= 10).length).toBeGreaterThan(5000)
    const guests = new Set(all.flatMap(group => group.guests))
    expect(guests.size).toBeGreaterThan(15_000)
  })

  it('a made-up population is the same for the same seed, and another for another', () => {
    const some = (seed: number) => [...groups({ companies: 50, users: 900, tokens: 1 }, seededRandom(seed))]
    expect(some(7)).toEqual(some(7))
    expect(some(7)).not.toEqual(some(8))
  })
})
