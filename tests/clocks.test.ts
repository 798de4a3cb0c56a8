import pino from 'pino'
import { rotateSecret } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { ClockGuard, confirmClock } from '../packages/server/src/config/clock-guard.ts'
import { forgetAttempts } from '../packages/server/src/sign-in/attempt-limits.ts'
import { cleanExpired } from '../packages/server/src/store/queries/expired.ts'
import { takeLease } from '../packages/server/src/store/queries/leases.ts'
import { writeUnlessConflict } from '../packages/server/src/store/store.ts'
import { Client, pkcePair, type TokenAnswer } from './support/client.ts'
import { BOND_EMAIL, CALLBACK, DAY, HOUR, MI6, MINUTE, SECOND, type TestProvider } from './support/provider.ts'
import { client, provider, useProvider } from './support/provider-of-test.ts'

const YEAR = 365 * DAY

useProvider()

/** The clock is so far ahead, and then right again. */
async function whileAhead<T>(by: number, work: () => Promise<T>): Promise<T> {
  provider.pass(by)
  const result = await work()
  provider.pass(-by)
  return result
}

const statusOf = async (answer: Promise<{ status: number }>) => (await answer).status
const failToSignIn = (times: number, address?: string) =>
  Promise.all(Array.from({ length: times }, () => provider.person(address).signIn(BOND_EMAIL, 'wrong')))

describe('a clock that is set back', () => {
  it.each([
    ['two hours', 2 * HOUR],
    ['a year', YEAR],
  ])('after the clock was set back by %s, no user waits for attempts that are long over', async (_, by) => {
    await whileAhead(by, async () => {
      for (let round = 0; round < 3; round++) await failToSignIn(20, `192.0.2.${round}`)
      expect(await statusOf(provider.person('192.0.2.1').signIn(BOND_EMAIL))).toBe(429)
    })
    expect(await statusOf(provider.person('192.0.2.1').signIn(BOND_EMAIL))).toBe(200)
    // And they count as before from now on.
    for (let round = 0; round < 12; round++) await failToSignIn(1, '192.0.2.7')
    expect(await statusOf(provider.person('192.0.2.7').signIn(BOND_EMAIL))).toBe(429)
  })

  it('a lease of a clock that was ahead does not keep work from being done', async () => {
    const { store } = provider.runtime
    const take = () =>
      writeUnlessConflict(store, [takeLease(store, 'work', provider.now(), provider.now() + 45 * SECOND)])
    expect(await whileAhead(YEAR, take)).toBe(true)
    expect(await take()).toBe(true)
    expect(await take()).toBe(false)
    provider.pass(46 * SECOND)
    expect(await take()).toBe(true)
  })

  it('a session that was begun a year ahead is not good for a year; one of an hour ahead goes on', async () => {
    const isSignedIn = async (person: ReturnType<TestProvider['person']>) =>
      (await person.open('/connected-apps')).text.includes('Bond')
    const [far, near] = [provider.person(), provider.person()]
    await whileAhead(YEAR, () => far.signIn())
    await whileAhead(HOUR, () => near.signIn())
    expect([await isSignedIn(far), await isSignedIn(near)]).toEqual([false, true])
  })

  it('a code that was given a year ahead is over', async () => {
    const code = await whileAhead(YEAR, () => provider.person().code(client, { company: MI6 }))
    expect((await client.exchange(code)).status).toBe(400)
  })

  it('the window of a refresh token that was used ahead begins now, once, and ends', async () => {
    const publicClient = await provider.registerApp({ isPublic: true })
    const { verifier, challenge } = pkcePair()
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
    const code = await provider.person().code(publicClient, { company: MI6 }, pkce)
    const tokens = await publicClient.tokens(code, { code_verifier: verifier })
    const next = await whileAhead(30 * DAY, () => publicClient.refreshed(tokens.refresh_token))
    const again = await publicClient.refresh(tokens.refresh_token)
    expect(((await again.json()) as TokenAnswer).refresh_token).toBe(next.refresh_token)
    provider.pass(20 * SECOND)
    expect((await publicClient.refresh(tokens.refresh_token)).status).toBe(200)
    provider.pass(20 * SECOND)
    expect((await publicClient.refresh(tokens.refresh_token)).status).toBe(400)
    expect((await publicClient.refresh(next.refresh_token)).status).toBe(400)
  })

  it('an earlier client secret that was kept while the clock was ahead is not accepted for longer', async () => {
    await whileAhead(YEAR, () => rotateSecret(provider.runtime, client.id, { keepOld: DAY }))
    const old = new Client(provider.fetch, client.id, client.secret, CALLBACK)
    expect((await old.exchange('x')).status).toBe(401)
  })

  it('a key that was made ahead is used at once, since every node has it', async () => {
    const { keys } = provider.runtime
    await whileAhead(YEAR, () => keys.rotate())
    await keys.load()
    expect(keys.list().map(({ keyId, state }) => [keyId, state])).toEqual([
      [2, 'current'],
      [1, 'earlier'],
    ])
  })
})

describe('cleaning', () => {
  const lines: { msg: string }[] = []
  let monotonic: number
  let guard: ClockGuard

  beforeEach(async () => {
    lines.length = 0
    monotonic = 0
    const log = pino({}, { write: line => lines.push(JSON.parse(line)) })
    guard = new ClockGuard({ ...provider.runtime, log }, () => monotonic)
    expect(await guard.isTrusted()).toBe(true)
  })

  const pass = (time: number) => {
    provider.pass(time)
    monotonic += time
  }
  const clean = async () => (await guard.isTrusted()) && (await cleanExpired(provider.runtime.store, provider.now))

  it('cleaning runs a day late', async () => {
    await provider.person().signIn()
    const sessions = async () => (await provider.runtime.store.db.selectFrom('sessions').selectAll().execute()).length
    for (let day = 0; day < 14; day++) {
      pass(DAY)
      await clean()
    }
    pass(HOUR)
    await clean()
    expect(await sessions()).toBe(1)
    pass(DAY)
    await clean()
    expect(await sessions()).toBe(0)
  })

  it('deletes nothing while the clock is a year ahead, says so, and continues when it is right again', async () => {
    const person = provider.person()
    const tokens = await client.tokens(await person.code(client, { company: MI6 }))
    provider.pass(YEAR)
    for (let minute = 0; minute < 3; minute++) {
      expect(await clean()).toBe(false)
      pass(MINUTE)
    }
    provider.pass(-YEAR)
    expect(await clean()).toBe(true)
    expect((await client.refresh(tokens.refresh_token)).status).toBe(200)
    expect((await person.open('/connected-apps')).status).toBe(200)
    expect(lines.map(({ msg }) => msg)).toEqual([
      'nothing is cleaned: the clock is days ahead of where it was. If it is right, run `tenantry clean`',
      'the clock is trusted again, and cleaning continues',
    ])
  })

  it('cleaning deletes nothing either where the server was started with the clock ahead', async () => {
    provider.pass(YEAR)
    const started = new ClockGuard(provider.runtime, () => 0)
    expect(await started.isTrusted()).toBe(false)
    provider.pass(-YEAR)
    expect(await started.isTrusted()).toBe(true)
  })

  it('cleaning goes on when an operator says that the clock is right, also on the other nodes', async () => {
    const other = new ClockGuard(provider.runtime, () => monotonic)
    provider.pass(YEAR)
    expect([await guard.isTrusted(), await other.isTrusted()]).toEqual([false, false])
    await confirmClock(provider.runtime.store, provider.now())
    expect([await guard.isTrusted(), await other.isTrusted()]).toEqual([true, true])
    pass(HOUR)
    expect([await guard.isTrusted(), await other.isTrusted()]).toEqual([true, true])
  })

  it('cleaning asks for no confirmation after a weekend off, nor when the clock is set back or moved a little', async () => {
    provider.pass(3 * DAY)
    expect(await new ClockGuard(provider.runtime, () => 0).isTrusted()).toBe(true)
    provider.pass(-3 * DAY)
    expect(await guard.isTrusted()).toBe(true)
    for (const leap of [-YEAR, HOUR, -HOUR, 20 * HOUR]) {
      provider.pass(leap)
      expect([leap, await guard.isTrusted()]).toEqual([leap, true])
    }
  })
})

describe('an operator who unlocks a user', () => {
  it('unlocking a user lets that user try at once, and no other', async () => {
    for (let round = 0; round < 12; round++) {
      await failToSignIn(1, '192.0.2.7')
      await provider.person('192.0.2.8').signIn('eve.moneypenny@mi6.example', 'wrong')
    }
    expect(await statusOf(provider.person('192.0.2.7').signIn(BOND_EMAIL))).toBe(429)
    expect(await forgetAttempts(provider.runtime, [BOND_EMAIL])).toBeGreaterThan(0)
    expect(await statusOf(provider.person('192.0.2.7').signIn(BOND_EMAIL))).toBe(200)
    expect(await statusOf(provider.person('192.0.2.8').signIn('eve.moneypenny@mi6.example'))).toBe(429)
    expect(await forgetAttempts(provider.runtime, ['unknown@mi6.example'])).toBe(0)
  })
})
