import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MINUTE, SECOND, startProvider, type TestProvider } from '../../../../tests/support/provider.ts'
import { countAttempt } from './attempt-limits.ts'

describe('limits of sign-in attempts', () => {
  let provider: TestProvider
  let accounts = 0

  beforeAll(async () => {
    provider = await startProvider()
  })
  afterAll(() => provider.close())

  const newAccount = () => `user${accounts++}@mi6.example`
  const attempt = (email: string, address: string | undefined, knownBrowser?: string) =>
    countAttempt(provider.runtime, { account: email, address, knownBrowser })

  const ipv4 = fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `203.0.${a}.${b}`)
  const hex = fc.nat(0xffff).map(number => number.toString(16))
  // Many in one /48, so that nested prefixes are filled too.
  const ipv6 = fc.tuple(fc.constantFrom('2001:db8:1', '2001:db8:2'), hex, hex).map(parts => `${parts.join(':')}::1`)
  const attacker = fc.oneof(ipv4, ipv6, fc.constantFrom('203.0.113.1', '2001:db8:1:1::1', 'unknown'))
  const step = fc.record({ address: attacker, pause: fc.constantFrom(0, 0, 0, 0, SECOND) })
  const owner = fc.constantFrom('198.51.100.7', '2001:db8:ffff:1::7')

  it('[OA-41] the limits never refuse an address that has not failed, whatever attackers elsewhere do', {
    timeout: 120_000,
  }, async () => {
    const attack = fc.array(step, { minLength: 60, maxLength: 120, size: 'max' })
    await fc.assert(
      fc.asyncProperty(attack, owner, async (steps, clean) => {
        const email = newAccount()
        provider.pass(60 * MINUTE)
        for (const { address, pause } of steps) {
          await attempt(email, address)
          provider.pass(pause)
        }
        expect(await attempt(email, clean)).toMatchObject({ wait: 0 })
      }),
      { numRuns: 15 },
    )
  })

  it('[OA-41] the limits of sign-in attempts allow one network only so many attempts on an account, nested IPv6 prefixes included', async () => {
    const allowed = async (addresses: string[]) => {
      const email = newAccount()
      provider.pass(60 * MINUTE)
      let count = 0
      for (const address of addresses) if ((await attempt(email, address)).wait === 0) count += 1
      return count
    }
    const many = (address: (index: number) => string) => Array.from({ length: 200 }, (_, index) => address(index))
    expect(await allowed(many(() => '203.0.113.5'))).toBe(10)
    expect(await allowed(many(index => `2001:db8:5:1::${index.toString(16)}`))).toBe(10)
    // A /56, 10 from each of its networks.
    expect(await allowed(many(index => `2001:db8:6:${(index % 200).toString(16)}::1`))).toBeLessThanOrEqual(50)
    expect(await allowed(many(index => `2001:db8:7:1${(index % 16).toString(16)}::1`))).toBeLessThanOrEqual(40)
  })

  it('[OA-41] six networks that drain an account are refused themselves; a clean one is slowed down only', async () => {
    const email = newAccount()
    provider.pass(60 * MINUTE)
    for (let network = 0; network < 6; network++) {
      for (let tries = 0; tries < 10; tries++) await attempt(email, `203.0.113.${network}`)
    }
    for (let tries = 0; tries < 25; tries++) {
      const theirs = await attempt(email, '203.0.113.0')
      if (tries === 0) expect(theirs).not.toHaveProperty('succeeded')
      const own = await attempt(email, '198.51.100.7')
      expect(own.wait).toBe(0)
      if (tries === 0) expect(own).toMatchObject({ slowDown: true })
      if ('succeeded' in own) await own.succeeded()
      provider.pass(6 * SECOND)
    }
    // While the account's attempts are used up, an address that has failed waits as the others do.
    for (let network = 6; network < 60; network++) await attempt(email, `203.0.113.${network}`)
    await attempt(email, '198.51.100.8')
    expect((await attempt(email, '198.51.100.8')).wait).toBeGreaterThan(0)
  })

  it('[OA-41] a right password gives back what it took, and clears its own network', async () => {
    const email = newAccount()
    for (let round = 0; round < 60; round++) {
      const made = await attempt(email, '2001:db8:8:1::1')
      expect(made.wait).toBe(0)
      if ('succeeded' in made) await made.succeeded()
    }
  })
})
