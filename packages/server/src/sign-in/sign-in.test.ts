import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { setActive, setPassword } from 'tenantry'
import { describe, expect, it } from 'vitest'
import type { ShownPage } from '../../../../tests/support/person.ts'
import {
  BOND,
  BOND_EMAIL,
  MINUTE,
  MONEYPENNY_EMAIL,
  PASSWORD,
  startProvider,
} from '../../../../tests/support/provider.ts'
import { provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { TooBusy } from '../http/errors.ts'
import { hashingQueue } from './password.ts'

describe('signing in', () => {
  useProvider()

  const succeeded = (page: ShownPage) => page.text.includes('Connected apps')
  const from = (address: string) => provider.person(address)

  it('signing in lets a user in, however the e-mail is written', async () => {
    expect(succeeded(await provider.person().signIn(' James.Bond@MI6.example '))).toBe(true)
  })

  it('[OA-40] a wrong e-mail and a wrong password are answered the same', async () => {
    const wrongPassword = await provider.person().signIn(BOND_EMAIL, 'wrong password')
    const wrongEmail = await provider.person().signIn('unknown@mi6.example', PASSWORD)
    const withoutInput = (page: ShownPage) => page.html.replace(/value="[^"]*"/g, '')
    expect([wrongPassword.status, wrongEmail.status]).toEqual([422, 422])
    expect(withoutInput(wrongEmail)).toBe(withoutInput(wrongPassword))
    expect(wrongPassword.text).toContain('The e-mail or the password is not right')
  })

  it('[OA-40] an unknown e-mail takes as long as a wrong password: a password is verified for it too', async () => {
    const time = async (email: string) => {
      const started = performance.now()
      await provider.person().signIn(email, 'wrong password')
      return performance.now() - started
    }
    const median = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!
    const [known, unknown]: [number[], number[]] = [[], []]
    for (let round = 0; round < 9; round++) {
      known.push(await time(BOND_EMAIL))
      unknown.push(await time(`unknown-${round}@mi6.example`))
    }
    // Without a password check for unknown e-mails the ratio is below 0.2; noise alone does not get it there.
    expect(median(unknown) / median(known)).toBeGreaterThan(0.4)
  })

  it('a deactivated user, one without a password and an empty form are refused', async () => {
    await setActive(provider.runtime, BOND, false)
    expect((await provider.person().signIn()).status).toBe(422)
    const page = await provider.person().signIn('', '')
    expect([page.status, page.text.includes('Enter your e-mail and your password')]).toEqual([422, true])
  })

  it('[OA-41] signing in limits attempts on an account from an address, parallel ones too', async () => {
    const person = from('203.0.113.1')
    const page = await person.open('/sign-in')
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => person.submit(page, { email: BOND_EMAIL, password: 'wrong password' })),
    )
    const statuses = answers.map(answer => answer.status)
    expect(statuses.filter(status => status === 422)).toHaveLength(10)
    expect(statuses.filter(status => status === 429)).toHaveLength(10)
    const limited = answers.find(answer => answer.status === 429)!
    expect(Number(limited.headers.get('Retry-After'))).toBeGreaterThan(0)
    expect(await limited.text()).toMatch(/Try again in \d+ minutes?/)
    expect((await person.signIn()).status).toBe(429)
    provider.pass(2 * MINUTE)
    expect(succeeded(await person.signIn())).toBe(true)
  })

  it('[OA-41] an attacker cannot lock an account: its owner gets in from another network', async () => {
    const attacker = from('203.0.113.1')
    for (let attempt = 0; attempt < 15; attempt++) await attacker.signIn(BOND_EMAIL, 'wrong password')
    expect(succeeded(await from('198.51.100.7').signIn())).toBe(true)
  })

  it('[OA-41] many attackers cannot lock an account either: a browser that knows the account gets in', async () => {
    const owner = from('198.51.100.7')
    await owner.signIn()
    owner.cookies.delete('tenantry_session')
    for (let attacker = 0; attacker < 52; attacker++) {
      await from(`203.0.113.${attacker}`).signIn(BOND_EMAIL, 'wrong password')
    }
    expect(succeeded(await owner.signIn())).toBe(true)
    // Nor an address that has not failed.
    expect(succeeded(await from('192.0.2.1').signIn())).toBe(true)
    expect((await from('203.0.113.1').signIn()).status).toBe(429)
  })

  it('[OA-41] signing in limits attempts from one address over many accounts', async () => {
    const statuses = []
    for (let account = 0; account < 105; account++) {
      statuses.push((await from('203.0.113.9').signIn(`user${account}@mi6.example`, 'wrong password')).status)
    }
    expect(statuses.slice(0, 100)).not.toContain(429)
    expect(statuses.slice(100)).toEqual([429, 429, 429, 429, 429])
    expect(succeeded(await from('203.0.113.10').signIn())).toBe(true)
  })

  it('[OA-41] signing in counts the addresses of one IPv6 network as one', async () => {
    for (let attempt = 0; attempt < 10; attempt++) {
      await from(`2001:db8::${attempt + 1}`).signIn(BOND_EMAIL, 'wrong password')
    }
    expect((await from('2001:db8::ffff').signIn()).status).toBe(429)
    expect(succeeded(await from('2001:db8:0:1::1').signIn())).toBe(true)
  })

  it('[OA-42] the session id changes at sign-in, and the one before ends', async () => {
    const person = provider.person()
    await person.signIn()
    const before = person.cookies.get('tenantry_session')!
    const client = await provider.registerApp()
    await person.signIn(BOND_EMAIL, PASSWORD, await person.open(client.authorizePath({ prompt: 'login' })))
    expect(person.cookies.get('tenantry_session')).not.toBe(before)
    const thief = provider.person()
    thief.cookies.set('tenantry_session', before)
    expect((await thief.open('/connected-apps')).text).toContain('Sign in')
  })

  it('[OA-42] a session id set by someone else does not become a session', async () => {
    const person = provider.person()
    person.cookies.set('tenantry_session', 'chosen-by-an-attacker')
    await person.signIn()
    expect(person.cookies.get('tenantry_session')).not.toBe('chosen-by-an-attacker')
  })

  it('[OA-42] cookies are HttpOnly and SameSite, and on https Secure with the __Host- prefix', async () => {
    const cookiesAt = async (origin: string) => {
      const other = await startProvider({ origin })
      const person = other.person()
      const page = await person.open('/sign-in')
      const first = (await other.fetch('/sign-in')).headers.getSetCookie()
      const second = (await person.submit(page, { email: BOND_EMAIL, password: PASSWORD })).headers.getSetCookie()
      await other.close()
      return [...first, ...second]
    }
    for (const cookie of await cookiesAt('http://localhost:4040')) {
      expect(cookie).toMatch(/^tenantry_\w+=.*Path=\/; HttpOnly; SameSite=Lax$/)
    }
    const onHttps = await cookiesAt('https://id.example')
    expect(onHttps).toHaveLength(3)
    for (const cookie of onHttps) {
      expect(cookie).toMatch(/^__Host-tenantry_\w+=.*Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    }
  })

  it('a form of another site cannot sign anyone in', async () => {
    const person = provider.person()
    const page = await person.open('/sign-in')
    const fields = { email: BOND_EMAIL, password: PASSWORD }
    expect((await person.submit(page, { ...fields, form_token: 'guessed' })).status).toBe(403)
    expect((await provider.person().submit(page, fields)).status).toBe(403)
  })

  it.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/..//evil.example',
    '/.//evil.example',
    'javascript:alert(1)',
    'connected-apps',
  ])('signing in never redirects to another site: %s', async target => {
    const person = provider.person()
    const page = await person.open(`/sign-in?return_to=${encodeURIComponent(target)}`)
    const answer = await person.submit(page, { email: BOND_EMAIL, password: PASSWORD, return_to: target })
    expect(answer.headers.get('Location')).toBe('/connected-apps')
  })

  it('signing out ends the session, and a link alone does not sign out', async () => {
    const person = provider.person()
    await person.signIn()
    const session = person.cookies.get('tenantry_session')!
    const page = await person.open('/sign-out')
    expect(succeeded(await person.open('/connected-apps'))).toBe(true)
    await person.submit(page, {})
    person.cookies.set('tenantry_session', session)
    expect(succeeded(await person.open('/connected-apps'))).toBe(false)
  })

  it('sessions end after fourteen days', async () => {
    const person = provider.person()
    await person.signIn()
    provider.pass(14 * 24 * 60 * MINUTE)
    expect(succeeded(await person.open('/connected-apps'))).toBe(false)
  })

  it('a new password signs its user out everywhere, and no one else', async () => {
    const [bond, moneypenny] = [provider.person(), provider.person()]
    await bond.signIn()
    await moneypenny.signIn(MONEYPENNY_EMAIL)
    await setPassword(provider.runtime, BOND, 'stirred-not-shaken')
    expect(succeeded(await bond.open('/connected-apps'))).toBe(false)
    expect(succeeded(await moneypenny.open('/connected-apps'))).toBe(true)
    expect((await provider.person().signIn()).status).toBe(422)
    expect(succeeded(await provider.person().signIn(BOND_EMAIL, 'stirred-not-shaken'))).toBe(true)
  })

  it('the last sign-in shows in /users/me at each of the user’s companies', async () => {
    const client = await provider.registerApp()
    provider.pass(MINUTE)
    const { access_token } = await client.tokens(await provider.person().code(client, { company: 2 }))
    const { data } = (await (await client.me(access_token)).json()) as { data: { last_login: string } }
    expect(data.last_login).toBe('2026-01-15 12:01:00')
  })

  it('signing in says to come back when too many passwords are being checked, and goes on afterwards', async () => {
    const person = provider.person()
    const form = await person.open('/sign-in')
    const end = Promise.withResolvers<void>()
    // More than run at once on any machine and wait, until the test ends them.
    const crowd = Array.from({ length: 100 + availableParallelism() }, () => hashingQueue.run(() => end.promise))
    const outcomes = Promise.allSettled(crowd)
    const page = await person.signIn(undefined, undefined, form)
    end.resolve()
    expect([page.status, page.headers.get('Retry-After')]).toEqual([503, '2'])
    expect(page.text).toContain('Try again in a few seconds')
    const refused = (await outcomes).filter(({ status }) => status === 'rejected')
    for (const { reason } of refused as PromiseRejectedResult[]) expect(reason).toBeInstanceOf(TooBusy)
    expect(succeeded(await provider.person().signIn())).toBe(true)
  })
})
