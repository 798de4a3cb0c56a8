import { createConnect, memoryStore, tenantry, useAccount } from '@tenantry/connect'
import { startTestProvider } from '@tenantry/connect/testing'
import { describe, expect, it } from 'vitest'
import { APP_CALLBACK, BOND, createTestApp, KEY, MONEYPENNY, textOf } from '../../../../tests/support/kit.ts'
import { app, provider, useKit } from '../../../../tests/support/kit-of-test.ts'

const START = new URL('start', APP_CALLBACK)
const BOND_AT_MI6 = { ...BOND, company: 1 }

useKit()

describe('a flow that did not start here', () => {
  it('the flow refuses an attacker’s code in a victim’s browser', async () => {
    const attacker = provider.person(app.connect)
    const callback = await attacker.walk(START, APP_CALLBACK, { ...MONEYPENNY, company: 1 })
    const victim = provider.person(app.connect)
    const answer = await victim.request(callback)
    expect(answer.status).toBe(400)
    expect(await textOf(answer)).toContain('not started in this browser')
    expect(app.accounts).toEqual([])
  })

  it('the flow refuses an attacker’s code with the victim’s own state, by PKCE', async () => {
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

  it('a state that only begins like the right one is refused, and does not use the flow up', async () => {
    const person = provider.person(app.connect)
    const callback = await person.walk(START, APP_CALLBACK, BOND_AT_MI6)
    const other = new URL(callback)
    other.searchParams.set('state', `${callback.searchParams.get('state')!.slice(0, 12)}and-then-another`)
    expect((await person.request(other)).status).toBe(400)
    expect((await person.request(callback)).status).toBe(303)
  })

  it('a callback that began at the provider goes to the start, once, and its code is never used', async () => {
    const person = provider.person(app.connect)
    const callback = await person.walk(START, APP_CALLBACK, BOND_AT_MI6)
    for (const state of [null, '']) {
      const victim = provider.person(app.connect)
      if (state === null) callback.searchParams.delete('state')
      else callback.searchParams.set('state', state)
      const before = provider.requestsTo('/oauth/token')
      const first = await victim.request(callback)
      expect([first.status, first.headers.get('Location')]).toEqual([303, new URL(START).pathname])
      expect((await victim.request(callback)).status).toBe(400)
      expect(provider.requestsTo('/oauth/token')).toBe(before)
    }
    // The person goes on, and installs by a code of their own.
    const own = provider.person(app.connect)
    await own.request(callback)
    const answer = await own.request(await own.walk(START, APP_CALLBACK, BOND_AT_MI6))
    expect(answer.status).toBe(303)
  })

  it.each(['forged', 'x'.repeat(32)])('the flow refuses a callback with the unknown state %j', async state => {
    const person = provider.person(app.connect)
    const callback = await person.walk(START, APP_CALLBACK, BOND_AT_MI6)
    callback.searchParams.set('state', state)
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
    expect((await first.connect.handler(request())).status).toBe(303)
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

  it('the flow refuses a cookie that was changed or forged', async () => {
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
    expect((await person.request(one)).status).toBe(303)
    expect((await person.request(two)).status).toBe(303)
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
