import { createAccount, createConnect, memoryStore, tenantry, useAccount } from '@tenantry/connect'
import { startTestProvider, type TestProvider, uninstallRequest } from '@tenantry/connect/testing'
import fc from 'fast-check'
import { setMember } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  APP_CALLBACK,
  AT_EXPORTS,
  AT_MI6,
  BOND,
  createTestApp,
  KEY,
  linkForm,
  MONEYPENNY,
  MONEYPENNY_AT_MI6,
  startKitProvider,
  type TestApp,
  textOf,
} from '../../../../tests/support/kit.ts'
import { checkReturnTo } from './return-to.ts'

const START = new URL('start', APP_CALLBACK)
const BOND_AT_MI6 = { ...BOND, company: 1 }

let provider: TestProvider
let app: TestApp

beforeEach(async () => {
  provider = await startKitProvider()
  app = createTestApp(provider)
})
afterEach(() => provider.close())

describe('identity that is not proved', () => {
  it('a victim’s e-mail set at an attacker’s company does not open the victim’s account', async () => {
    await provider.install(app.connect, BOND_AT_MI6)
    await setMember(provider.tenantry.runtime, 1, 779, { email: 'james.bond@mi6.example', name: 'James Bond' })
    await provider.install(app.connect, { ...MONEYPENNY, company: 1 })
    expect((await app.connect.links.find(MONEYPENNY_AT_MI6))?.accountId).toBe('account-2')
    expect((await app.connect.links.ofAccount('account-1')).map(link => link.userId)).toEqual([777])
  })

  it('not even an app that looks accounts up by e-mail can link by it', async () => {
    await provider.install(app.connect, BOND_AT_MI6)
    const store = memoryStore()
    const careless = createTestApp(provider, { store, onInstall: () => useAccount('account-with-that-e-mail') })
    const answer = await provider.install(careless.connect, BOND_AT_MI6)
    expect(answer.status).toBe(403)
    expect(await careless.connect.links.find(AT_MI6)).toBeUndefined()
    expect(String(careless.told.errors[0])).toMatch(/no proof/)
  })

  it('the same user id at another company is somebody else', async () => {
    await provider.install(app.connect, BOND_AT_MI6)
    await provider.install(app.connect, { ...BOND, company: 2 })
    expect((await app.connect.links.find(AT_EXPORTS))?.accountId).not.toBe('account-1')
  })

  it('an e-mail that was given to the next employee opens no account of the one before', async () => {
    await provider.install(app.connect, BOND_AT_MI6)
    const { runtime } = provider.tenantry
    await setMember(runtime, 1, 777, { email: 'retired@mi6.example' })
    await setMember(runtime, 1, 779, { email: 'james.bond@mi6.example' })
    await provider.install(app.connect, { ...MONEYPENNY, company: 1 })
    expect(app.accounts.map(({ email }) => email)).toEqual(['james.bond@mi6.example', 'james.bond@mi6.example'])
    expect((await app.connect.links.find(MONEYPENNY_AT_MI6))?.accountId).toBe('account-2')
  })

  it.each([
    ['text for the user id', { id: '777' }],
    ['text for the company id', { company_id: '1' }],
    ['no company', { company_id: undefined }],
    ['no user', { id: null }],
    ['2^53+1, which is not itself in JavaScript', { id: 2 ** 53 + 1 }],
    ['a fraction', { company_id: 1.5 }],
    ['zero', { id: 0 }],
    ['a negative number', { company_id: -1 }],
    ['a list', { id: [777] }],
  ])('an answer with %s is refused', async (_, wrong) => {
    provider.faults.next('users_me', {
      kind: 'forged',
      forge: body => ({ ...body, data: { ...(body.data as object), ...wrong } }),
    })
    const answer = await provider.install(app.connect, BOND_AT_MI6)
    expect(answer.status).toBe(502)
    expect(app.accounts).toEqual([])
    expect(app.told.errors[0]).toMatchObject({ code: 'answer_invalid' })
  })

  it.each([[null], [[]], ['text'], [{}], [{ data: null }], [{ data: [] }]])('the answer %j is refused', async body => {
    provider.faults.next('users_me', { kind: 'forged', forge: () => body })
    expect((await provider.install(app.connect, BOND_AT_MI6)).status).toBe(502)
    expect(app.accounts).toEqual([])
  })
})

describe('a flow that did not start here', () => {
  it('a stranger’s code in a victim’s browser is refused', async () => {
    const attacker = provider.person(app.connect)
    const callback = await attacker.walk(START, APP_CALLBACK, { ...MONEYPENNY, company: 1 })
    const victim = provider.person(app.connect)
    const answer = await victim.request(callback)
    expect(answer.status).toBe(400)
    expect(await textOf(answer)).toContain('not started in this browser')
    expect(app.accounts).toEqual([])
  })

  it('a stranger’s code with the victim’s own state is refused by PKCE', async () => {
    const attacker = provider.person(app.connect)
    const stolen = await attacker.walk(START, APP_CALLBACK, { ...MONEYPENNY, company: 1 })
    const victim = provider.person(app.connect)
    const own = await victim.walk(START, APP_CALLBACK, BOND_AT_MI6)
    own.searchParams.set('code', stolen.searchParams.get('code')!)
    expect((await victim.request(own)).status).toBe(502)
    expect(app.accounts).toEqual([])
  })

  it('a state from another session is refused', async () => {
    const [one, other] = [provider.person(app.connect), provider.person(app.connect)]
    const [mine, theirs] = await Promise.all([one, other].map(person => person.walk(START, APP_CALLBACK, BOND_AT_MI6)))
    mine!.searchParams.set('state', theirs!.searchParams.get('state')!)
    expect((await one.request(mine!)).status).toBe(400)
  })

  it('a callback without a state is refused', async () => {
    const person = provider.person(app.connect)
    const callback = await person.walk(START, APP_CALLBACK, BOND_AT_MI6)
    callback.searchParams.delete('state')
    expect((await person.request(callback)).status).toBe(400)
  })

  it('a callback that is replayed is refused, also with the cookie put back and in another process', async () => {
    const store = memoryStore()
    const first = createTestApp(provider, { store })
    const second = createTestApp(provider, { store })
    let cookie = ''
    const start = await first.connect.handler(new Request(START))
    cookie = start.headers.getSetCookie()[0]!.split(';')[0]!
    const person = provider.person(first.connect)
    const callback = await person.walk(start.headers.get('Location')!, APP_CALLBACK, BOND_AT_MI6)
    const request = () => new Request(callback, { headers: { Cookie: cookie } })
    expect((await first.connect.handler(request())).status).toBe(200)
    const asked = provider.requestsTo('/oauth/token')
    for (const { connect } of [first, second]) {
      const answer = await connect.handler(request())
      expect(answer.status).toBe(400)
      expect(await textOf(answer)).toContain('Already done')
    }
    expect(provider.requestsTo('/oauth/token')).toBe(asked)
  })

  it('a flow of eleven minutes ago is refused', async () => {
    const person = provider.person(app.connect)
    const start = await person.request(START)
    const callback = await person.walk(start.headers.get('Location')!, APP_CALLBACK, BOND_AT_MI6)
    provider.pass(11 * 60_000)
    expect((await person.request(callback)).status).toBe(400)
  })

  it('a cookie that somebody changed or made is refused', async () => {
    const start = await app.connect.handler(new Request(START))
    const [name, value] = start.headers.getSetCookie()[0]!.split(';')[0]!.split('=') as [string, string]
    const [payload, signature] = value.split('.') as [string, string]
    const flow = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const forged = Buffer.from(JSON.stringify({ ...flow, account: 'account-1' })).toString('base64url')
    for (const wrong of [`${forged}.${signature}`, payload, `${payload}.`, `${payload}.x`, '', '.']) {
      const callback = `${APP_CALLBACK}?code=x&state=${flow.state}&iss=${provider.origin}`
      const answer = await app.connect.handler(new Request(callback, { headers: { Cookie: `${name}=${wrong}` } }))
      expect(answer.status).toBe(400)
    }
  })

  it('the cookie is out of scripts’ and other sites’ reach, and bounded in number', async () => {
    const cookies: string[] = []
    for (let index = 0; index < 10; index++) {
      const answer = await app.connect.handler(
        new Request(START, { headers: { Cookie: cookies.map(line => line.split(';')[0]).join('; ') } }),
      )
      for (const line of answer.headers.getSetCookie()) {
        const name = line.split('=')[0]
        if (line.includes('Max-Age=0'))
          cookies.splice(
            cookies.findIndex(kept => kept.startsWith(`${name}=`)),
            1,
          )
        else cookies.push(line)
      }
    }
    expect(cookies.length).toBe(4)
    for (const line of cookies)
      expect(line).toMatch(/^__Host-connect-\S+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
  })

  it('two tabs of one browser do not disturb each other', async () => {
    const person = provider.person(app.connect)
    const [one, two] = [
      await person.walk(START, APP_CALLBACK, BOND_AT_MI6),
      await person.walk(START, APP_CALLBACK, { ...BOND, company: 2 }),
    ]
    expect((await person.request(one)).status).toBe(200)
    expect((await person.request(two)).status).toBe(200)
  })
})

describe('two providers in one app', () => {
  it('an answer of one is not taken for the other’s, and no code goes to the wrong one', async () => {
    const evil = await startTestProvider({ redirectUri: APP_CALLBACK, origin: 'http://localhost:6666' })
    const store = memoryStore()
    const shared = { store, encryptionKeys: [KEY], onInstall: () => useAccount('x') }
    const kit = createConnect({ ...provider.options, ...shared })
    const evilKit = createConnect({
      ...evil.options,
      ...shared,
      provider: tenantry({ issuer: evil.origin, name: 'evil' }),
    })
    const start = await evilKit.handler(new Request(START))
    const cookie = start.headers.getSetCookie()[0]!.split(';')[0]!
    const { state } = Object.fromEntries(new URL(start.headers.get('Location')!).searchParams)
    // The evil provider sends the browser to the honest one and forwards its answer.
    const honest = new URL(start.headers.get('Location')!)
    honest.host = new URL(provider.origin).host
    honest.searchParams.set('client_id', provider.options.clientId)
    const person = provider.person(kit)
    const callback = await person.walk(honest, APP_CALLBACK, BOND_AT_MI6)
    expect(callback.searchParams.get('state')).toBe(state)
    for (const handler of [kit.handler, evilKit.handler]) {
      const answer = await handler(new Request(callback, { headers: { Cookie: cookie } }))
      expect(answer.status).toBe(400)
    }
    expect(evil.requestsTo('/oauth/token') + provider.requestsTo('/oauth/token')).toBe(0)
    await evil.close()
  })

  it('an answer with another iss, or without the promised one, is refused', async () => {
    for (const iss of ['https://evil.example', null]) {
      const person = provider.person(app.connect)
      const callback = await person.walk(START, APP_CALLBACK, BOND_AT_MI6)
      if (iss) callback.searchParams.set('iss', iss)
      else callback.searchParams.delete('iss')
      expect((await person.request(callback)).status).toBe(400)
    }
    expect(provider.requestsTo('/oauth/token')).toBe(0)
  })
})

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
    expect(String(forgetful.told.errors[0])).toContain('useAccount(link.accountId)')
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
      {},
    ]) {
      const all = { 'Content-Type': 'application/x-www-form-urlencoded', Cookie: 'account=account-1', ...headers }
      const answer = await app.connect.handler(new Request(START, { ...form, headers: all as HeadersInit }))
      expect(answer.status).toBe(403)
      expect(answer.headers.get('Location')).toBeNull()
    }
  })

  it('nobody signed in, nothing to add a company to', async () => {
    expect((await app.connect.handler(new Request(START, linkForm()))).status).toBe(403)
  })

  it.each(['', 'account=somebody-else'])('an owner who is not signed in any more (%j) adds nothing', async later => {
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

describe('returnTo', () => {
  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '\\/evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/..//evil.example',
    '/./\\evil.example',
    'javascript:alert(1)',
    'evil.example',
    '/%0d%0a\r\nSet-Cookie: x=y',
    ' //evil.example',
    `/${'a'.repeat(1024)}`,
  ])('%j is refused before anything begins', async returnTo => {
    const answer = await app.connect.handler(new Request(`${START}?${new URLSearchParams({ returnTo })}`))
    expect(answer.status).toBe(400)
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  it('whatever is accepted leads to this app', () => {
    const pieces = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '@',
      ':',
      '?',
      '#',
      'evil.example',
      '\t',
      '%2f',
      '//',
      'https:',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 4 })), { maxLength: 8 }), parts => {
        let accepted: string | null
        try {
          accepted = checkReturnTo(parts.join(''))
        } catch {
          return
        }
        if (accepted === null) return
        expect(new URL(accepted, 'https://notes.example').origin).toBe('https://notes.example')
        expect(accepted).toMatch(/^\/(?!\/)/)
      }),
      { numRuns: 5000 },
    )
  })
})

describe('answers that lead elsewhere', () => {
  it.each([
    'https://evil.example',
    'https://localhost.evil.example',
    'http://evil.example:4040',
    'https://user:password@localhost:4040',
    'http://localhost:4041',
    'ftp://localhost:4040',
    'not an address',
    '',
  ])('api_domain %j is refused, and no token is sent', async apiDomain => {
    provider.faults.next('token', { kind: 'forged', forge: body => ({ ...body, api_domain: apiDomain }) })
    const answer = await provider.install(app.connect, BOND_AT_MI6)
    expect(answer.status).toBe(502)
    expect(app.told.errors[0]).toMatchObject({ code: 'host_not_allowed' })
    expect(provider.requestsTo('/users/me')).toBe(0)
    expect(app.accounts).toEqual([])
  })

  it('a company’s own host below the provider’s is fine', async () => {
    provider.faults.next('token', {
      kind: 'forged',
      forge: body => ({ ...body, api_domain: 'http://mi6.localhost:4040' }),
    })
    const answer = await provider.install(app.connect, BOND_AT_MI6)
    // The test has no server there: but it was asked.
    expect(answer.status).toBe(503)
    expect(app.told.errors[0]).toMatchObject({ code: 'provider_unavailable' })
  })
})

describe('an uninstall that the provider did not send', () => {
  const forged: [string, (id: string, secret: string) => Request, number][] = [
    ['without credentials', () => new Request(APP_CALLBACK, { method: 'DELETE', body: '{}' }), 401],
    ['with a wrong secret', id => uninstallRequest(APP_CALLBACK, id, 'wrong', AT_MI6, Date.UTC(2027, 0)), 401],
    [
      'with another client id',
      (_, secret) => uninstallRequest(APP_CALLBACK, 'other', secret, AT_MI6, Date.UTC(2027, 0)),
      401,
    ],
    [
      'with a broken header',
      () => new Request(APP_CALLBACK, { method: 'DELETE', headers: { Authorization: 'Basic %%%' } }),
      401,
    ],
    [
      'with a bearer token',
      () => new Request(APP_CALLBACK, { method: 'DELETE', headers: { Authorization: 'Bearer x' } }),
      401,
    ],
  ]
  it.each(forged)('%s changes nothing', async (_, request, status) => {
    await provider.install(app.connect, BOND_AT_MI6)
    const { clientId, clientSecret } = provider.options
    expect((await app.connect.handler(request(clientId, clientSecret))).status).toBe(status)
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('active')
    expect(app.told.uninstalled).toEqual([])
  })
})
