import { createAccount, memoryStore, useAccount } from '@tenantry/connect'
import { setMember } from 'tenantry'
import { describe, expect, it } from 'vitest'
import {
  APP_CALLBACK,
  AT_EXPORTS,
  AT_MI6,
  BOND,
  createTestApp,
  installToPage,
  linkForm,
  MONEYPENNY,
  MONEYPENNY_AT_MI6,
  startKitProvider,
  textOf,
} from '../../../../tests/support/kit.ts'
import { app, provider, useApp, useKit } from '../../../../tests/support/kit-of-test.ts'

const START = new URL('start', APP_CALLBACK)

useKit()

describe('an install', () => {
  it('an install makes an account the first time, and keeps who and where', async () => {
    const answer = await provider.install(app.connect, { ...BOND, company: 2 })
    expect(answer.status).toBe(303)
    expect(app.accounts).toEqual([{ id: 'account-1', name: 'James Bond', email: 'j.bond@universal-exports.example' }])
    expect(await app.connect.links.find(AT_EXPORTS)).toMatchObject({
      accountId: 'account-1',
      status: 'active',
      scopes: ['base', 'users:read'],
      identity: {
        key: 'tenantry:2:777',
        companyName: 'Universal Exports',
        timeZone: 'Europe/Helsinki',
        locale: 'en-GB',
      },
      installedAt: provider.now(),
    })
  })

  it('an install finds the same account again, whatever the e-mail and the name are by then', async () => {
    await provider.install(app.connect, { ...BOND, company: 1 })
    await setMember(provider.tenantry.runtime, 1, 777, { email: 'someone.else@mi6.example', name: 'Universal Export' })
    await provider.install(app.connect, { ...BOND, company: 1 })
    expect(app.accounts.length).toBe(1)
    expect(await app.connect.links.find(AT_MI6)).toMatchObject({
      accountId: 'account-1',
      identity: { email: 'someone.else@mi6.example', name: 'Universal Export' },
    })
  })

  it('an install takes the same user at another company for another identity', async () => {
    await provider.install(app.connect, { ...BOND, company: 1 })
    await provider.install(app.connect, { ...BOND, company: 2 })
    expect((await app.connect.links.find(AT_MI6))?.accountId).toBe('account-1')
    expect((await app.connect.links.find(AT_EXPORTS))?.accountId).toBe('account-2')
  })

  it('adds a second company to the account whose owner asks', async () => {
    const person = provider.person(app.connect)
    await provider.install(app.connect, { ...BOND, company: 1 }, person)
    const answer = await provider.install(app.connect, { ...BOND, company: 2 }, person, linkForm())
    expect(answer.status).toBe(303)
    const links = await app.connect.links.ofAccount('account-1')
    expect(links.map(({ companyId }) => companyId)).toEqual([1, 2])
    expect(app.accounts.length).toBe(1)
  })

  it('an install makes one account of two callbacks at once', async () => {
    const people = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const person = provider.person(app.connect)
        return { person, callback: await person.walk(START, APP_CALLBACK, { ...BOND, company: 1 }) }
      }),
    )
    const answers = await Promise.all(people.map(({ person, callback }) => person.request(callback)))
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 303, 303, 303])
    expect(app.accounts.length).toBe(1)
  })

  it('an install makes one account of two callbacks at once in two processes that share a store', async () => {
    const store = memoryStore()
    const made: string[] = []
    const kit = () =>
      createTestApp(provider, {
        store,
        onInstall: ({ link }) =>
          link
            ? useAccount(link.accountId)
            : createAccount(async () => {
                await new Promise(resolve => setTimeout(resolve, 50))
                made.push('made')
                return `account-${made.length}`
              }),
      })
    const answers = await Promise.all(
      [kit(), kit()].map(({ connect }) => provider.install(connect, { ...BOND, company: 1 })),
    )
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    expect(made).toEqual(['made'])
  })

  it('an install shows who is connected where, in the person’s language and on their calendar', async () => {
    await setMember(provider.tenantry.runtime, 2, 777, { locale: 'fr_FR', timezone: 'Asia/Tokyo' })
    const answer = await installToPage(provider, app.connect, { ...BOND, company: 2 })
    expect(answer.headers.get('Content-Language')).toBe('fr')
    expect(await textOf(answer)).toBe(
      'Connecté à Universal Exports Vous êtes James Bond chez Universal Exports. Connecté le 15 janvier 2026 à 21:00 Continuer',
    )
  })

  it('an install shows it from right to left where the language is written so', async () => {
    await setMember(provider.tenantry.runtime, 2, 777, { locale: 'ar_SA' })
    const answer = await installToPage(provider, app.connect, { ...BOND, company: 2 })
    expect(await answer.text()).toContain('<html lang="ar" dir="rtl">')
  })

  it('an install keeps to the app’s languages', async () => {
    useApp({ languages: ['de', 'en'] })
    await setMember(provider.tenantry.runtime, 2, 777, { locale: 'fr_FR' })
    const answer = await installToPage(provider, app.connect, { ...BOND, company: 2 })
    expect(answer.headers.get('Content-Language')).toBe('de')
  })

  it('an install leads back to where the person came from', async () => {
    const person = provider.person(app.connect)
    const start = `${START}?returnTo=${encodeURIComponent('/notes?page=2#last')}`
    const answer = await person.request(await person.walk(start, APP_CALLBACK, { ...BOND, company: 1 }))
    const page = await person.request(new URL(answer.headers.get('Location')!, APP_CALLBACK))
    expect(await page.text()).toContain('href="/notes?page=2#last"')
  })

  it('an install asks the provider to preselect a company', async () => {
    const person = provider.person(app.connect)
    const answer = await person.request(`${START}?company=2`)
    expect(new URL(answer.headers.get('Location')!).searchParams.get('company_id')).toBe('2')
    const odd = await person.request(`${START}?company=2%20or%201`)
    expect(new URL(odd.headers.get('Location')!).searchParams.has('company_id')).toBe(false)
  })

  it('an install gives the app’s session on the way to the page, or the app’s own answer', async () => {
    const page = await provider.install(app.connect, { ...BOND, company: 1 })
    expect(page.headers.getSetCookie()).toContain('account=account-1; Path=/; HttpOnly')
    const own = createTestApp(provider, {
      onLinked: ({ accountId, returnTo, created }) =>
        new Response(null, {
          status: 303,
          headers: { Location: `${returnTo ?? '/home'}?new=${created}`, 'Set-Cookie': `account=${accountId}` },
        }),
    })
    const redirect = await provider.install(own.connect, { ...BOND, company: 1 })
    expect(redirect.status).toBe(303)
    expect(redirect.headers.get('Location')).toBe('/home?new=true')
    expect(redirect.headers.getSetCookie()).toContain('account=account-1')
    expect(redirect.headers.getSetCookie().some(line => /^__Host-connect-.*Max-Age=0/.test(line))).toBe(true)
  })

  it('an install moves a link when its owner says so, and only from its owner', async () => {
    await provider.install(app.connect, { ...BOND, company: 1 })
    await provider.install(app.connect, { ...MONEYPENNY, company: 1 })
    await expect(app.connect.links.move(AT_MI6, { from: 'account-2', to: 'account-3' })).rejects.toMatchObject({
      code: 'link_belongs_to_another_account',
    })
    await app.connect.links.move(AT_MI6, { from: 'account-1', to: 'account-2' })
    expect((await app.connect.links.ofAccount('account-2')).length).toBe(2)
    await provider.install(app.connect, { ...BOND, company: 1 })
    expect((await app.connect.links.find(AT_MI6))?.accountId).toBe('account-2')
  })

  it('an install takes over links of an earlier integration, once', async () => {
    const earlier = createTestApp(provider)
    await provider.install(earlier.connect, { ...BOND, company: 1 })
    const accessToken = await earlier.connect.accessToken(AT_MI6)
    const link = {
      accountId: 'account-of-old',
      identity: AT_MI6,
      accessToken,
      refreshToken: 'not needed yet',
      expiresAt: provider.now() + 3600_000,
    }
    expect(await app.connect.links.adopt(link)).toBe(true)
    expect(await app.connect.links.adopt({ ...link, accountId: 'account-of-a-thief' })).toBe(false)
    expect((await app.connect.identify(AT_MI6)).name).toBe('James Bond')
    await provider.install(app.connect, { ...BOND, company: 1 })
    expect(app.accounts).toEqual([])
    expect((await app.connect.links.find(AT_MI6))?.accountId).toBe('account-of-old')
  })

  it('an app can refuse an install in its own words, and the installation at the provider ends', async () => {
    await setMember(provider.tenantry.runtime, 1, 779, { name: 'Refused' })
    const answer = await provider.install(app.connect, { ...MONEYPENNY, company: 1 })
    expect(answer.status).toBe(403)
    expect(await textOf(answer)).toContain('We are full.')
    expect(await app.connect.links.find(MONEYPENNY_AT_MI6)).toBeUndefined()
    expect(provider.requestsTo('/oauth/revoke')).toBe(1)
  })

  it('an install that fails in the app’s own code shows an error id and keeps nothing', async () => {
    useApp({
      onInstall: () =>
        createAccount(() => {
          throw new Error('the app’s database is down')
        }),
    })
    const failures: [unknown, string][] = []
    const noted = createTestApp(provider, {
      onInstall: () => {
        throw new Error('the app’s database is down')
      },
      onError: (error, id) => failures.push([error, id]),
    })
    expect((await provider.install(app.connect, { ...BOND, company: 1 })).status).toBe(500)
    const answer = await provider.install(noted.connect, { ...BOND, company: 1 })
    expect(answer.status).toBe(500)
    const text = await textOf(answer)
    expect(text).toContain(failures[0]![1])
    expect(text).not.toContain('database')
    expect(await noted.connect.links.find(AT_MI6)).toBeUndefined()
  })

  it('an install shows a person who said no that nothing happened, and lets them try again', async () => {
    const person = provider.person(app.connect)
    const start = `${START}?returnTo=/notes`
    const callback = await person.walk(start, APP_CALLBACK, { ...BOND, company: 1, decision: 'deny' })
    const answer = await person.request(callback)
    expect(answer.status).toBe(403)
    const html = await answer.text()
    expect(html).toContain('You did not allow it')
    expect(html).toContain('href="/connect/start?returnTo=%2Fnotes"')
    expect(app.reported.errors).toEqual([])
  })

  it('an install understands the pipedrive profile: commas, user_denied and no iss', async () => {
    const pipedrive = await startKitProvider({ app: { profile: 'pipedrive' } })
    const kit = createTestApp(pipedrive)
    const answer = await pipedrive.install(kit.connect, { ...BOND, company: 1 })
    expect(answer.status).toBe(303)
    expect((await kit.connect.links.find(AT_MI6))?.scopes).toEqual(['base', 'users:read'])
    const denied = await pipedrive.install(kit.connect, { ...BOND, company: 1, decision: 'deny' })
    expect(denied.status).toBe(403)
    await pipedrive.close()
  })

  it('an install tells a browser when to come back while the provider is away', async () => {
    provider.faults.next('token', { kind: 'rate_limited', retryAfter: 7 })
    const answer = await provider.install(app.connect, { ...BOND, company: 1 })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('Retry-After')).toBe('7')
    expect(await textOf(answer)).toContain('Try again')
  })

  it.each(['token', 'users_me'] as const)(
    'an install survives a lost answer of %s: the person starts again',
    async endpoint => {
      provider.faults.next(endpoint, { kind: 'lost_answer' })
      const person = provider.person(app.connect)
      expect((await provider.install(app.connect, { ...BOND, company: 1 }, person)).status).toBe(503)
      expect((await provider.install(app.connect, { ...BOND, company: 1 }, person)).status).toBe(303)
      expect(app.accounts.length).toBe(1)
    },
  )

  it('an install that returns after its code expired is refused, with a link to start again', async () => {
    provider.faults.next('token', { kind: 'expired_code' })
    const answer = await provider.install(app.connect, { ...BOND, company: 1 })
    expect(answer.status).toBe(502)
    expect(await textOf(answer)).toContain('Try again')
  })
})
