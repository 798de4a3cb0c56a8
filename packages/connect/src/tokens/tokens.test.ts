import { createConnect, memoryStore, useAccount } from '@tenantry/connect'
import type { TestProvider } from '@tenantry/connect/testing'
import { setSuspended } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  AT_EXPORTS,
  AT_MI6,
  BOND,
  createTestApp,
  KEY,
  startKitProvider,
  type TestApp,
} from '../../../../tests/support/kit.ts'
import { leaseOf } from '../store/wait-for-lease.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const KEY_2 = 'another encryption key of the tests, later on'

let provider: TestProvider
let app: TestApp
let store: ReturnType<typeof memoryStore>

const tokenRequests = () => provider.requestsTo('/oauth/token') - 1

beforeEach(async () => {
  provider = await startKitProvider()
  store = memoryStore()
  app = createTestApp(provider, { store })
  await provider.install(app.connect, { ...BOND, company: 1 })
})
afterEach(() => provider.close())

const key = { provider: 'tenantry', ...AT_MI6 }

describe('tokens at rest', () => {
  it('are nowhere in the store in plain', async () => {
    const link = (await store.findLink(key))!
    const accessToken = await app.connect.accessToken(AT_MI6)
    expect(JSON.stringify(link)).not.toContain(accessToken.slice(-40))
    expect(JSON.stringify(link)).not.toContain('tny_')
  })

  it('do not open in another row, or when one character was changed', async () => {
    await provider.install(app.connect, { ...BOND, company: 2 })
    const mine = (await store.findLink(key))!
    const other = (await store.findLink({ ...key, ...AT_EXPORTS }))!
    await store.replaceLink({ ...other, tokens: mine.tokens, version: other.version + 1 })
    await expect(app.connect.accessToken(AT_EXPORTS)).rejects.toMatchObject({ code: 'tokens_unreadable' })
    const at = mine.tokens!.length - 5
    const changed = mine.tokens!.slice(0, at) + (mine.tokens![at] === 'A' ? 'B' : 'A') + mine.tokens!.slice(at + 1)
    await store.replaceLink({ ...mine, tokens: changed, version: mine.version + 1 })
    await expect(app.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'tokens_unreadable' })
  })

  it('are encrypted anew with every write', async () => {
    const before = (await store.findLink(key))!.tokens
    provider.pass(HOUR)
    await app.connect.accessToken(AT_MI6)
    expect((await store.findLink(key))!.tokens).not.toBe(before)
  })

  it('are read under an earlier key, and say which key is missing', async () => {
    const rotated = createTestApp(provider, { store, encryptionKeys: [KEY_2, KEY] })
    expect(await rotated.connect.accessToken(AT_MI6)).toBe(await app.connect.accessToken(AT_MI6))
    const tooEarly = createTestApp(provider, { store, encryptionKeys: [KEY_2] })
    await expect(tooEarly.connect.accessToken(AT_MI6)).rejects.toThrow(
      /under the key \S+, which is not in encryptionKeys/,
    )
  })

  it('are rewrapped under the current key, with progress, and the earlier key can go', async () => {
    await provider.install(app.connect, { ...BOND, company: 2 })
    const rotated = createTestApp(provider, { store, encryptionKeys: [KEY_2, KEY] })
    const progress: unknown[] = []
    expect(await rotated.connect.rewrap(step => progress.push(step))).toEqual({ seen: 2, rewrapped: 2, unreadable: 0 })
    expect(progress).toEqual([{ seen: 2, rewrapped: 2, unreadable: 0 }])
    expect(await rotated.connect.rewrap()).toEqual({ seen: 2, rewrapped: 0, unreadable: 0 })
    const later = createTestApp(provider, { store, encryptionKeys: [KEY_2] })
    expect(await later.connect.accessToken(AT_MI6)).toMatch(/^tny_at_1_/)
    const lost = createTestApp(provider, { store, encryptionKeys: ['a key that has nothing to do with these'] })
    expect(await lost.connect.rewrap()).toEqual({ seen: 2, rewrapped: 0, unreadable: 2 })
  })

  it('are not lost when they are rewrapped while they are refreshed', async () => {
    const old = createTestApp(provider, { store, encryptionKeys: [KEY, KEY_2] })
    const rotated = createTestApp(provider, { store, encryptionKeys: [KEY_2, KEY] })
    const before = await app.connect.accessToken(AT_MI6)
    provider.pass(HOUR)
    provider.faults.next('token', { kind: 'slow', milliseconds: 150 })
    const refreshing = old.connect.accessToken(AT_MI6)
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(await rotated.connect.rewrap()).toMatchObject({ rewrapped: 1 })
    const token = await refreshing
    expect(token).not.toBe(before)
    expect(await rotated.connect.accessToken(AT_MI6)).toBe(token)
    expect(tokenRequests()).toBe(1)
  })
})

describe('a fresh token', () => {
  it('is the kept one while it lasts', async () => {
    provider.pass(HOUR - 61_000)
    await app.connect.accessToken(AT_MI6)
    expect(tokenRequests()).toBe(0)
  })

  it('is refreshed a minute ahead of its end, and what came is kept before it is used', async () => {
    const first = await app.connect.accessToken(AT_MI6)
    provider.pass(HOUR - 59_000)
    const second = await app.connect.accessToken(AT_MI6)
    expect(second).not.toBe(first)
    expect(tokenRequests()).toBe(1)
    const other = createTestApp(provider, { store })
    expect(await other.connect.accessToken(AT_MI6)).toBe(second)
    expect(tokenRequests()).toBe(1)
  })

  it('that lives for seconds only is used for half of them', async () => {
    provider.pass(HOUR)
    provider.faults.next('token', { kind: 'forged', forge: body => ({ ...body, expires_in: 30 }) })
    await app.connect.accessToken(AT_MI6)
    provider.pass(14_000)
    await app.connect.accessToken(AT_MI6)
    expect(tokenRequests()).toBe(1)
    provider.pass(2_000)
    await app.connect.accessToken(AT_MI6)
    expect(tokenRequests()).toBe(2)
  })

  it('is refreshed once for all who ask at once, here and in other processes', async () => {
    const others = Array.from({ length: 4 }, () => createTestApp(provider, { store }))
    provider.pass(HOUR)
    provider.faults.next('token', { kind: 'slow', milliseconds: 100 })
    const asked = [app, ...others].flatMap(({ connect }) =>
      Array.from({ length: 10 }, () => connect.accessToken(AT_MI6)),
    )
    expect(new Set(await Promise.all(asked)).size).toBe(1)
    expect(tokenRequests()).toBe(1)
  })

  it('is the old one while it lasts and the provider is away', async () => {
    const first = await app.connect.accessToken(AT_MI6)
    provider.pass(HOUR - 30_000)
    provider.faults.next('token', { kind: 'no_connection' })
    expect(await app.connect.accessToken(AT_MI6)).toBe(first)
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('active')
  })

  it.each([
    { kind: 'no_connection' } as const,
    { kind: 'status', status: 500 } as const,
    { kind: 'status', status: 503, headers: { 'Retry-After': '9' } } as const,
    { kind: 'rate_limited', retryAfter: 9 } as const,
    { kind: 'lost_answer' } as const,
  ])('cannot be had while the provider fails ($kind $status), which signs nobody out', async fault => {
    provider.pass(2 * HOUR)
    provider.faults.next('token', fault)
    await expect(app.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'provider_unavailable' })
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('active')
    expect(app.told.needsReauthorization).toEqual([])
    expect(await app.connect.accessToken(AT_MI6)).toMatch(/^tny_at_1_/)
  })

  it('an answer that comes too late is not waited for', async () => {
    const hasty = createTestApp(provider, { store, timeout: 50 })
    provider.pass(2 * HOUR)
    provider.faults.next('token', { kind: 'slow', milliseconds: 400 })
    await expect(hasty.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'provider_unavailable' })
    await new Promise(resolve => setTimeout(resolve, 500))
    expect(await hasty.connect.accessToken(AT_MI6)).toMatch(/^tny_at_1_/)
  })

  it('a wrong client secret is the developer’s affair: no link is marked', async () => {
    const wrong = createTestApp(provider, { store, clientSecret: 'not the secret' })
    provider.pass(2 * HOUR)
    await expect(wrong.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'provider_refused' })
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('active')
  })

  it('nobody who is not linked has one', async () => {
    await expect(app.connect.accessToken(AT_EXPORTS)).rejects.toMatchObject({ code: 'link_missing' })
  })

  it('a refresh that survived its lease, in a process that slept, does not undo what others did', async () => {
    provider.pass(HOUR)
    provider.faults.next('token', { kind: 'slow', milliseconds: 200 })
    const slow = app.connect.accessToken(AT_MI6)
    await new Promise(resolve => setTimeout(resolve, 50))
    // Its lease is taken for run out, and another process refreshes.
    const [awake, sleeper] = [createTestApp(provider, { store: withoutLeases(store) }), slow]
    const fast = await awake.connect.accessToken(AT_MI6)
    expect(await sleeper).toBe(fast)
  })
})

describe('a refresh that the provider refuses', () => {
  const end = () => app.connect.links.find(AT_MI6).then(() => provider.pass(61 * DAY))

  it('marks the link and tells the app once, whoever asks and however often', async () => {
    const others = Array.from({ length: 4 }, () => createTestApp(provider, { store }))
    await end()
    const apps = [app, ...others]
    const asked = apps.flatMap(({ connect }) => Array.from({ length: 5 }, () => connect.accessToken(AT_MI6)))
    for (const result of await Promise.allSettled(asked)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'needs_reauthorization' } })
    }
    await expect(app.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'needs_reauthorization' })
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('needs_reauthorization')
    expect(apps.flatMap(({ told }) => told.needsReauthorization)).toEqual(['tenantry:1:777'])
    expect(tokenRequests()).toBe(1)
  })

  it('is told again where telling failed', async () => {
    let failures = 1
    const told: string[] = []
    const shaky = createTestApp(provider, {
      store,
      onNeedsReauthorization: link => {
        if (failures-- > 0) throw new Error('the mail server is away')
        told.push(link.identity.key)
      },
    })
    await end()
    for (let round = 0; round < 3; round++) {
      await expect(shaky.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'needs_reauthorization' })
    }
    expect(told).toEqual(['tenantry:1:777'])
    expect(shaky.told.errors.length).toBe(1)
  })

  it('ends with the next install, on the same account', async () => {
    await end()
    await app.connect.accessToken(AT_MI6).catch(() => {})
    await provider.install(app.connect, { ...BOND, company: 1 })
    expect(await app.connect.links.find(AT_MI6)).toMatchObject({ status: 'active', accountId: 'account-1' })
    expect(await app.connect.accessToken(AT_MI6)).toMatch(/^tny_at_1_/)
    expect(app.accounts.length).toBe(1)
  })
})

describe('an authorized fetch', () => {
  it('speaks for the link’s user at the link’s company', async () => {
    await provider.install(app.connect, { ...BOND, company: 2 })
    const ask = async (reference: typeof AT_MI6) =>
      ((await (await app.connect.fetch(reference, '/users/me')).json()) as { data: object }).data
    expect(await ask(AT_MI6)).toMatchObject({ id: 777, company_id: 1 })
    expect(await ask(AT_EXPORTS)).toMatchObject({ id: 777, company_id: 2 })
  })

  it('passes on what it is given, and answers as the provider does', async () => {
    const sent: Request[] = []
    const fetch: typeof provider.options.fetch = async (input, init) => {
      sent.push(new Request(input, init))
      return Response.json({ created: true }, { status: 201, headers: { 'X-Theirs': '2' } })
    }
    const { connect } = createTestApp(provider, { store, fetch })
    const init = { method: 'POST', body: '{"title":"x"}', headers: { 'X-Mine': '1', Authorization: 'Basic other' } }
    const answer = await connect.fetch(AT_MI6, '/api/v1/deals?limit=1', init)
    expect([answer.status, answer.headers.get('X-Theirs'), await answer.json()]).toEqual([201, '2', { created: true }])
    const [request] = sent
    expect([request?.method, request?.url]).toEqual(['POST', `${provider.origin}/api/v1/deals?limit=1`])
    expect(await request?.text()).toBe('{"title":"x"}')
    expect(request?.headers.get('X-Mine')).toBe('1')
    expect(request?.headers.get('Authorization')).toBe(`Bearer ${await app.connect.accessToken(AT_MI6)}`)
  })

  it('refreshes once and tries again when the token is refused before its time', async () => {
    const first = await app.connect.accessToken(AT_MI6)
    const { clientId, clientSecret } = provider.options
    await provider.options.fetch(`${provider.origin}/oauth/revoke`, {
      method: 'POST',
      headers: {
        Authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}`,
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      body: `token=${first}`,
    })
    const answers = await Promise.all(Array.from({ length: 10 }, () => app.connect.fetch(AT_MI6, '/users/me')))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
    expect(tokenRequests()).toBe(1)
    expect(await app.connect.accessToken(AT_MI6)).not.toBe(first)
  })

  it('gives up after one try, with the provider’s own answer', async () => {
    provider.faults.next('users_me', { kind: 'status', status: 401 }, 5)
    expect((await app.connect.fetch(AT_MI6, '/users/me')).status).toBe(401)
    expect(provider.requestsTo('/users/me')).toBe(3)
    provider.faults.clear()
  })

  it('sends a body that flows only once', async () => {
    provider.faults.next('users_me', { kind: 'status', status: 401 })
    const body = new ReadableStream({ start: controller => controller.close() })
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    expect((await app.connect.fetch(AT_MI6, '/users/me', init)).status).toBe(401)
  })

  it('is refused where the company was suspended meanwhile', async () => {
    await setSuspended(provider.tenantry.runtime, 1, true)
    await expect(app.connect.fetch(AT_MI6, '/users/me')).rejects.toMatchObject({ code: 'needs_reauthorization' })
  })

  it.each([
    [{ 'Retry-After': '3' }, 3000],
    [{ 'Retry-After': new Date(Date.UTC(2026, 0, 15, 12, 0, 5)).toUTCString() }, 5000],
    [{ 'X-RateLimit-Limit': '80', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '2' }, 2000],
    [{ 'X-RateLimit-Reset': String(Date.UTC(2026, 0, 15, 12, 0, 4) / 1000) }, 4000],
  ])('waits as it is told to by %j', async (headers, milliseconds) => {
    const before = provider.now()
    provider.faults.next('users_me', { kind: 'status', status: 429, headers })
    expect((await app.connect.fetch(AT_MI6, '/users/me')).status).toBe(200)
    expect(provider.now() - before).toBe(milliseconds)
  })

  it.each([[{}], [{ 'Retry-After': '31' }], [{ 'Retry-After': 'soon' }]])('does not wait for %j', async headers => {
    provider.faults.next('users_me', { kind: 'status', status: 429, headers })
    expect((await app.connect.fetch(AT_MI6, '/users/me')).status).toBe(429)
  })

  it('does not wait for ever', async () => {
    provider.faults.next('users_me', { kind: 'rate_limited', retryAfter: 1 }, 10)
    expect((await app.connect.fetch(AT_MI6, '/users/me')).status).toBe(429)
    expect(provider.requestsTo('/users/me')).toBe(1 + 3)
    provider.faults.clear()
  })

  it('stops waiting when it is broken off', async () => {
    const { wait: _, ...options } = provider.options
    const real = createConnect({ ...options, store, encryptionKeys: [KEY], onInstall: () => useAccount('x') })
    const controller = new AbortController()
    provider.faults.next('users_me', { kind: 'rate_limited', retryAfter: 20 })
    const asked = real.fetch(AT_MI6, '/users/me', { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 30)
    await expect(asked).rejects.toThrow('enough')
  })

  it('stops at once when it is broken off before or during a refresh, which goes on for others', async () => {
    await expect(
      app.connect.fetch(AT_MI6, '/users/me', { signal: AbortSignal.abort(new Error('never')) }),
    ).rejects.toThrow('never')
    provider.pass(HOUR)
    provider.faults.next('token', { kind: 'slow', milliseconds: 200 })
    const controller = new AbortController()
    const asked = app.connect.fetch(AT_MI6, '/users/me', { signal: controller.signal })
    const other = app.connect.accessToken(AT_MI6)
    setTimeout(() => controller.abort(new Error('enough')), 30)
    await expect(asked).rejects.toThrow('enough')
    expect(await other).toMatch(/^tny_at_1_/)
  })

  it.each([
    'https://evil.example/users/me',
    '//evil.example/users/me',
    'http://localhost:4041/',
    'http://127.0.0.1:4040/',
    'https://localhost:4040@evil.example/',
  ])('sends no token to %s', async address => {
    const before = provider.requestsTo('/users/me')
    await expect(app.connect.fetch(AT_MI6, address)).rejects.toMatchObject({ code: 'host_not_allowed' })
    expect(provider.requestsTo('/users/me')).toBe(before)
  })
})

describe('disconnecting from the app’s side', () => {
  it('ends the tokens at the provider and here', async () => {
    const token = await app.connect.accessToken(AT_MI6)
    await app.connect.disconnect(AT_MI6)
    const me = await provider.options.fetch(`${provider.origin}/users/me`, {
      headers: { Authorization: `Bearer ${token}` },
    })
    expect(me.status).toBe(401)
    expect(await store.findLink(key)).toMatchObject({ status: 'disconnected', tokens: null })
    await expect(app.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'disconnected' })
    await app.connect.disconnect(AT_MI6)
    expect(app.told.uninstalled).toEqual([])
  })

  it('changes nothing when the provider does not answer', async () => {
    provider.faults.next('revoke', { kind: 'no_connection' })
    await expect(app.connect.disconnect(AT_MI6)).rejects.toMatchObject({ code: 'provider_unavailable' })
    expect((await app.connect.fetch(AT_MI6, '/users/me')).status).toBe(200)
    await app.connect.disconnect(AT_MI6)
  })

  it('forgets a link altogether', async () => {
    await app.connect.forget(AT_MI6)
    expect(await store.findLink(key)).toBeUndefined()
    await expect(app.connect.disconnect(AT_MI6)).rejects.toMatchObject({ code: 'link_missing' })
  })

  it('waits for a refresh that is going on', async () => {
    const holder = 'a process that is gone'
    await store.acquireLease(leaseOf(key), holder, 200)
    await app.connect.disconnect(AT_MI6)
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('disconnected')
  })
})

/** As a process sees it whose clock stood still: every lease is free. */
function withoutLeases(inner: ReturnType<typeof memoryStore>): ReturnType<typeof memoryStore> {
  return { ...inner, acquireLease: async () => true, releaseLease: async () => {} }
}
