import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client, TokenAnswer } from '../../../../tests/support/client.ts'
import type { Person } from '../../../../tests/support/person.ts'
import {
  BOND,
  DAY,
  MI6,
  MONEYPENNY_EMAIL,
  ORIGIN,
  SECOND,
  startProvider,
  type TestProvider,
  UNIVERSAL_EXPORTS,
} from '../../../../tests/support/provider.ts'
import { CallbackSender } from '../apps/callback-sender.ts'
import { setActive, setUser } from '../companies/users.ts'
import { setPassword } from '../sign-in/password.ts'
import { listSessionsOfUser } from '../store/queries/sessions.ts'
import { statement } from '../store/store.ts'
import { logoutCallbacks } from './logout-callbacks.ts'

const AFTERWARDS = 'https://app.example/bye'
const SCOPES = ['openid', 'email']

let provider: TestProvider
let client: Client
let bond: Person
let listener: Server
let heard: { path: string; token: string }[]
let status: number
let sender: CallbackSender<never>

beforeEach(async () => {
  heard = []
  status = 200
  listener = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    heard.push({ path: request.url!, token: new URLSearchParams(body).get('logout_token') ?? '' })
    response.writeHead(status).end()
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => listener.once('listening', resolve))
  provider = await startProvider()
  client = await registerApp('one')
  bond = provider.person()
  sender = new CallbackSender(provider.runtime, logoutCallbacks) as CallbackSender<never>
})
afterEach(async () => {
  await sender.stop()
  await provider.close()
  listener.close()
})

const registerApp = (path: string) =>
  provider.registerApp({
    scopes: SCOPES,
    postLogoutRedirectUris: [AFTERWARDS],
    backchannelLogoutUrl: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/${path}`,
  })

async function idToken(company = MI6, as = client, person = bond): Promise<string> {
  const answer = (await as.tokens(await person.code(as, { company }, { scope: 'openid' }))) as TokenAnswer & {
    id_token: string
  }
  return answer.id_token
}

const logoutPath = (parameters: Record<string, string>) => `/oauth/logout?${new URLSearchParams(parameters)}`
const isSignedIn = async (person: Person) => (await person.request('/connected-apps')).status === 200

/** What apps were told, in the order of their paths and subjects; each token is verified. */
async function told() {
  await sender.look()
  await sender.settle()
  // The provider sends by itself, too.
  const { db } = provider.runtime.store
  const claimed = db.selectFrom('logout_callbacks').selectAll().where('claimed_until', 'is not', null)
  await expect.poll(() => claimed.execute()).toEqual([])
  const jwks = (await (await provider.fetch('/.well-known/jwks.json')).json()) as JSONWebKeySet
  const options = { issuer: ORIGIN, typ: 'logout+jwt', currentDate: new Date(provider.now()) }
  const tokens = await Promise.all(
    heard.splice(0).map(async ({ path, token }) => {
      const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), options)
      expect(payload).not.toHaveProperty('nonce')
      expect(payload.events).toEqual({ 'http://schemas.openid.net/event/backchannel-logout': {} })
      return { path, sub: payload.sub, sid: payload.sid, jti: payload.jti }
    }),
  )
  return tokens.sort((a, b) => `${a.path} ${a.sub}`.localeCompare(`${b.path} ${b.sub}`))
}

describe('logout begun by an app', () => {
  it('[OA-52] logout with the ID token of the session ends it at once, and goes back with the state', async () => {
    const hint = await idToken()
    const answer = await bond.request(
      logoutPath({ id_token_hint: hint, post_logout_redirect_uri: AFTERWARDS, state: 'a&b' }),
    )
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, `${AFTERWARDS}?state=a%26b`])
    expect(await isSignedIn(bond)).toBe(false)
    // Once more, now that no one is signed in.
    const again = await bond.request(logoutPath({ id_token_hint: hint, post_logout_redirect_uri: AFTERWARDS }))
    expect(again.headers.get('Location')).toBe(AFTERWARDS)
  })

  it('[OA-11] logout asks first where the ID token is not of this session, or is missing', async () => {
    const elsewhere = await idToken(MI6, client, provider.person())
    await idToken()
    const target = { post_logout_redirect_uri: AFTERWARDS, client_id: client.id }
    for (const parameters of [{}, target, { ...target, id_token_hint: elsewhere }]) {
      const page = await bond.open(logoutPath(parameters))
      expect(page.text).toContain('Sign out')
      expect(await isSignedIn(bond)).toBe(true)
    }
    const page = await bond.open(logoutPath({ ...target, state: 's' }))
    expect(page.text).toContain('You signed out of Field Notes. Sign out of this browser here, too?')
    expect(page.headers.get('Content-Security-Policy')).toContain('form-action')
    const answer = await bond.submit(page, {})
    expect(answer.headers.get('Location')).toBe(`${AFTERWARDS}?state=s`)
    expect(await isSignedIn(bond)).toBe(false)
  })

  it('[OA-11] logout posted by another site is asked again, so that the cookie comes with it; a forged form ends nothing', async () => {
    await idToken()
    const post = (body: Record<string, string>) =>
      bond.request('/oauth/logout', {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(body).toString(),
      })
    const answer = await post({ client_id: client.id, more: 'x' })
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, `/oauth/logout?client_id=${client.id}`])
    expect((await post({ form_token: 'forged' })).status).toBe(200)
    expect(await isSignedIn(bond)).toBe(true)
  })

  it('[OA-02] logout goes nowhere but to an address that is registered for the app', async () => {
    const hint = await idToken()
    const other = await provider.registerApp({ scopes: SCOPES })
    const refused = [
      { post_logout_redirect_uri: AFTERWARDS },
      { post_logout_redirect_uri: `${AFTERWARDS}/x`, id_token_hint: hint },
      { post_logout_redirect_uri: 'https://evil.example', client_id: client.id },
      { post_logout_redirect_uri: AFTERWARDS, client_id: other.id },
      { post_logout_redirect_uri: AFTERWARDS, client_id: other.id, id_token_hint: hint },
      { post_logout_redirect_uri: AFTERWARDS, client_id: 'unknown' },
      { id_token_hint: `${hint}x` },
      { id_token_hint: 'x' },
    ]
    for (const parameters of refused) {
      const answer = await bond.request(logoutPath(parameters as Record<string, string>))
      expect([parameters, answer.status, answer.headers.get('Location')]).toEqual([parameters, 400, null])
    }
    expect(await isSignedIn(bond)).toBe(true)
  })

  it('the ID token may have expired, and so may the session', async () => {
    const hint = await idToken()
    provider.pass(2 * DAY)
    await bond.request(logoutPath({ id_token_hint: hint }))
    expect(await isSignedIn(bond)).toBe(false)
  })
})

describe('apps are told that a session has ended', () => {
  it('[OA-52] each app that was signed in to is told, at each company, of that session alone', async () => {
    const two = await registerApp('two')
    const silent = await provider.registerApp({ scopes: SCOPES })
    const sid = JSON.parse(Buffer.from((await idToken()).split('.')[1]!, 'base64url').toString()).sid
    await idToken(UNIVERSAL_EXPORTS)
    await idToken(MI6, two)
    await idToken(MI6, silent)
    await idToken(MI6, client, provider.person())
    expect(await told()).toEqual([])
    await bond.submit(await bond.open('/sign-out'), {})
    expect(await told()).toMatchObject([
      { path: '/one', sub: `c${MI6}-u${BOND}`, sid },
      { path: '/one', sub: `c${UNIVERSAL_EXPORTS}-u${BOND}`, sid },
      { path: '/two', sub: `c${MI6}-u${BOND}`, sid },
    ])
    expect(await told()).toEqual([])
  })

  it.each([
    ['deactivated', () => setActive(provider.runtime, BOND, false)],
    [
      'deactivated and given another password',
      () => setUser(provider.runtime, BOND, { active: false, passwordHash: BCRYPT }),
    ],
    ['given a new password', () => setPassword(provider.runtime, BOND, 'another password')],
    ['given an imported password', () => setUser(provider.runtime, BOND, { passwordHash: BCRYPT })],
  ])('a user who is %s is signed out of all sessions, and each app is told once', async (_what, change) => {
    await idToken()
    await idToken(MI6, client, provider.person())
    await change()
    expect(await told()).toEqual([{ path: '/one', sub: `c${MI6}-u${BOND}`, sid: undefined, jti: expect.any(String) }])
  })

  it('the same person who signs in again goes on in the same session; someone else ends it', async () => {
    await idToken()
    await bond.code(client, { company: MI6 }, { scope: 'openid', prompt: 'login' })
    expect(await told()).toEqual([])
    await bond.code(client, { email: MONEYPENNY_EMAIL }, { scope: 'openid', prompt: 'login' })
    expect(await told()).toMatchObject([{ sub: `c${MI6}-u${BOND}` }])
    expect(await isSignedIn(bond)).toBe(true)
  })

  it('a logout token is new at each attempt, and an app that does not take it is asked again, for a day', async () => {
    await idToken()
    await bond.submit(await bond.open('/sign-out'), {})
    status = 500
    const [first] = await told()
    provider.pass(5 * SECOND)
    // It pauses for a moment after an app that answers, but not well.
    await sleep(100)
    const [second] = await told()
    expect([first!.sid, first!.jti === second!.jti]).toEqual([second!.sid, false])
    for (let attempt = 0; attempt < 25; attempt++) {
      provider.pass(2 * 60 * 60 * SECOND)
      await sleep(30)
      await told()
    }
    provider.pass(DAY)
    status = 200
    expect(await told()).toEqual([])
  })

  it('a logout races with a sign-in to another app: what was granted is told, or refused', async () => {
    const two = await registerApp('two')
    for (let round = 0; round < 10; round++) {
      const person = provider.person()
      await person.signIn()
      const page = await person.reachConsent(two, { company: MI6 }, { scope: 'openid' })
      const out = await person.open('/sign-out')
      const [granted] = await Promise.all([person.submit(page, { decision: 'allow' }), person.submit(out, {})])
      const code = new URL(granted.headers.get('Location') ?? '/', ORIGIN).searchParams.get('code')
      expect((await told()).map(({ path }) => path)).toEqual(code === null ? [] : ['/two'])
      const left = await provider.runtime.store.db.selectFrom('openid_sessions').selectAll().execute()
      expect(left).toEqual([])
    }
    expect(await listSessionsOfUser(provider.runtime.store, BOND)).toEqual([])
  })

  it('what is left of sessions that ran out is cleaned up, and nothing is told', async () => {
    await idToken()
    const { store } = provider.runtime
    await store.write([statement(store.db.updateTable('openid_sessions').set({ expires_at: 1 }))])
    const { deleteExpired } = await import('../store/queries/expired.ts')
    await deleteExpired(store, provider.now())
    expect(await store.db.selectFrom('openid_sessions').selectAll().execute()).toEqual([])
    expect(await told()).toEqual([])
  })
})

const BCRYPT = '$2b$04$eZUbAtYZ7EIqZQKwMeJgsOJY7Q1gFfG3pIhqpLlAKYFRjAxmXVL1.'
