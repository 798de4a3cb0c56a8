import { createAccount, memoryStore, useAccount } from '@tenantry/connect'
import { describe, expect, it } from 'vitest'
import {
  APP_CALLBACK,
  AT_MI6,
  BOND,
  createTestApp,
  linkForm,
  MONEYPENNY,
  textOf,
} from '../../../../tests/support/kit.ts'
import { app, provider, useKit } from '../../../../tests/support/kit-of-test.ts'

const START = new URL('start', APP_CALLBACK)
const BOND_AT_MI6 = { ...BOND, company: 1 }

useKit()

describe('an account and its owner', () => {
  it('an account that an attacker made in advance is not given to its victim, nor the victim to it', async () => {
    const store = memoryStore()
    // The attacker's account waits, with the victim's e-mail, and its session is in the victim's browser.
    const session = { Cookie: 'account=account-of-the-attacker' }
    const trusting = createTestApp(provider, {
      store,
      onInstall: ({ account }) => useAccount(account ?? 'account-of-the-attacker'),
    })
    const start = await trusting.connect.handler(new Request(START, { headers: session }))
    const cookie = start.headers.getSetCookie()[0]!.split(';')[0]!
    const person = provider.person(trusting.connect)
    const callback = await person.walk(start.headers.get('Location')!, APP_CALLBACK, BOND_AT_MI6)
    const answer = await trusting.connect.handler(
      new Request(callback, { headers: { Cookie: `${cookie}; ${session.Cookie}` } }),
    )
    expect(answer.status).toBe(403)
    expect(await textOf(answer)).toContain('Do you want to add MI6 to your account?')
    expect(await trusting.connect.links.find(AT_MI6)).toBeUndefined()
  })

  it('a pair that belongs to another account is refused to an owner who asks for it, and stays where it is', async () => {
    await provider.install(app.connect, BOND_AT_MI6)
    const moneypenny = provider.person(app.connect)
    await provider.install(app.connect, { ...MONEYPENNY, company: 1 }, moneypenny)
    const bondAtProvider = provider.person(app.connect)
    await provider.install(app.connect, { ...BOND, company: 2 }, bondAtProvider)
    // Signed in to account-3 here, and as Bond at the provider.
    const answer = await provider.install(app.connect, BOND_AT_MI6, bondAtProvider, linkForm())
    expect(answer.status).toBe(409)
    expect(await textOf(answer)).toContain('James Bond at MI6 belongs to another account')
    expect((await app.connect.links.find(AT_MI6))?.accountId).toBe('account-1')
    expect((await app.connect.fetch(AT_MI6, '/users/me')).status).toBe(200)
  })

  it('no app can hand a link over by its answer to an install', async () => {
    const store = memoryStore()
    await provider.install(createTestApp(provider, { store }).connect, BOND_AT_MI6)
    const greedy = createTestApp(provider, { store, onInstall: () => useAccount('account-of-the-attacker') })
    expect((await provider.install(greedy.connect, BOND_AT_MI6)).status).toBe(409)
    expect((await greedy.connect.links.find(AT_MI6))?.accountId).toBe('account-1')
  })

  it('an app that makes a new account at each install is stopped at the second', async () => {
    const store = memoryStore()
    await provider.install(createTestApp(provider, { store }).connect, BOND_AT_MI6)
    const forgetful = createTestApp(provider, { store, onInstall: () => createAccount(() => 'another') })
    expect((await provider.install(forgetful.connect, BOND_AT_MI6)).status).toBe(403)
    expect(String(forgetful.reported.errors[0])).toContain('useAccount(link.accountId)')
    expect((await forgetful.connect.fetch(AT_MI6, '/users/me')).status).toBe(200)
  })

  it('a form on another site does not add a company to the account of who visits it', async () => {
    const form = linkForm()
    for (const headers of [
      { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
      { Origin: 'https://evil.example' },
      { 'Sec-Fetch-Site': 'same-site' },
      { 'Sec-Fetch-Site': 'none' },
      { Origin: 'null' },
      { Origin: 'https://notes.example', 'Sec-Fetch-Site': 'cross-site' },
      {},
    ]) {
      const all = { 'Content-Type': 'application/x-www-form-urlencoded', Cookie: 'account=account-1', ...headers }
      const answer = await app.connect.handler(new Request(START, { ...form, headers: all as HeadersInit }))
      expect(answer.status).toBe(403)
      expect(answer.headers.get('Location')).toBeNull()
    }
  })

  it('a form on the app’s own page does, also in a browser that says no more than its origin', async () => {
    const headers = { Cookie: 'account=account-1', Origin: 'https://notes.example' }
    const answer = await app.connect.handler(new Request(START, { method: 'POST', headers }))
    expect(answer.status).toBe(303)
  })

  it('a company cannot be added without a signed-in account', async () => {
    expect((await app.connect.handler(new Request(START, linkForm()))).status).toBe(403)
  })

  it.each(['', 'account=another'])('an owner who is not signed in any more (%j) adds nothing', async later => {
    const form = linkForm()
    const headers = { ...(form.headers as Record<string, string>), Cookie: 'account=owner' }
    const start = await app.connect.handler(new Request(START, { ...form, headers }))
    const cookie = start.headers.getSetCookie()[0]!.split(';')[0]!
    const person = provider.person(app.connect)
    const callback = await person.walk(start.headers.get('Location')!, APP_CALLBACK, BOND_AT_MI6)
    const answer = await app.connect.handler(new Request(callback, { headers: { Cookie: `${cookie}; ${later}` } }))
    expect(answer.status).toBe(403)
    expect(await app.connect.links.find(AT_MI6)).toBeUndefined()
    expect(app.accounts).toEqual([])
    expect(provider.requestsTo('/oauth/revoke')).toBe(1)
  })
})
