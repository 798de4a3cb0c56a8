import type { ConnectOptions, LinkStore, StoredLink } from '@tenantry/connect'
import { describe, expect, it } from 'vitest'
import { AT_EXPORTS, AT_MI6, createTestApp } from '../../../../tests/support/kit.ts'
import { app, provider, store, useKit } from '../../../../tests/support/kit-of-test.ts'

const HOUR = 3_600_000

const tokenRequests = () => provider.requestsTo('/oauth/token') - 1

useKit({ installed: true })

describe('a fresh token', () => {
  it('a fresh token is the kept one while it lasts', async () => {
    provider.pass(HOUR - 61_000)
    await app.connect.accessToken(AT_MI6)
    expect(tokenRequests()).toBe(0)
  })

  it('a fresh token is refreshed a minute ahead of its end, and what came is kept before it is used', async () => {
    const first = await app.connect.accessToken(AT_MI6)
    provider.pass(HOUR - 59_000)
    const second = await app.connect.accessToken(AT_MI6)
    expect(second).not.toBe(first)
    expect(tokenRequests()).toBe(1)
    const other = createTestApp(provider, { store })
    expect(await other.connect.accessToken(AT_MI6)).toBe(second)
    expect(tokenRequests()).toBe(1)
  })

  it('a token that lives for seconds is used for half of them', async () => {
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

  it('a fresh token is refreshed once for all who ask at once, here and in other processes', async () => {
    const others = Array.from({ length: 4 }, () => createTestApp(provider, { store }))
    provider.pass(HOUR)
    provider.faults.next('token', { kind: 'slow', milliseconds: 100 })
    const asked = [app, ...others].flatMap(({ connect }) =>
      Array.from({ length: 10 }, () => connect.accessToken(AT_MI6)),
    )
    expect(new Set(await Promise.all(asked)).size).toBe(1)
    expect(tokenRequests()).toBe(1)
  })

  it('a fresh token costs one lease for all tasks of a process', async () => {
    let leases = 0
    const counting = {
      ...store,
      acquireLease: (...args: Parameters<typeof store.acquireLease>) => {
        leases++
        return store.acquireLease(...args)
      },
    }
    const busy = createTestApp(provider, { store: counting })
    provider.pass(HOUR)
    await Promise.all(Array.from({ length: 50 }, () => busy.connect.accessToken(AT_MI6)))
    expect(leases).toBe(1)
  })

  it('a fresh token is the old one while it lasts and the provider is away', async () => {
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
  ])(
    'fresh tokens are not available while the provider fails ($kind $status), and no user is signed out',
    async fault => {
      provider.pass(2 * HOUR)
      provider.faults.next('token', fault)
      await expect(app.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'provider_unavailable' })
      expect((await app.connect.links.find(AT_MI6))?.status).toBe('active')
      expect(app.reported.needsReauthorization).toEqual([])
      if (fault.kind === 'rate_limited' || 'headers' in fault) {
        // It said when to come back: until then it is not asked again.
        const asked = provider.requestsTo('/oauth/token')
        await expect(app.connect.accessToken(AT_MI6)).rejects.toMatchObject({ retryAfter: 9 })
        expect(provider.requestsTo('/oauth/token')).toBe(asked)
        provider.pass(9000)
      }
      expect(await app.connect.accessToken(AT_MI6)).toMatch(/^tny_at_1_/)
    },
  )

  it('a provider that goes on failing is asked less and less', async () => {
    provider.pass(2 * HOUR)
    provider.faults.next('token', { kind: 'status', status: 503 }, 100)
    const before = provider.requestsTo('/oauth/token')
    for (let call = 0; call < 60; call++) {
      await expect(app.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'provider_unavailable' })
      provider.pass(1000)
    }
    expect(provider.requestsTo('/oauth/token') - before).toBeLessThan(10)
    provider.faults.clear()
    provider.pass(30_000)
    expect(await app.connect.accessToken(AT_MI6)).toMatch(/^tny_at_1_/)
  })

  const answering = (status: number, body: string | null, type = 'application/json') =>
    new Response(body, { status, headers: { 'Content-Type': type } })

  /** An app whose token endpoint answers as given, as long as it is given something. */
  function appThatHears(answers: (() => Response)[], more: Partial<ConnectOptions> = {}) {
    const { fetch } = provider.options
    const odd = createTestApp(provider, {
      store,
      wait: async () => {},
      ...more,
      fetch: async (input, init) => {
        const isToken = new URL(input instanceof Request ? input.url : input).pathname === '/oauth/token'
        const answer = isToken ? answers.shift() : undefined
        return answer ? answer() : fetch!(input, init)
      },
    })
    return odd
  }

  it.each([
    ['200 with an error', 200, '{"error":"revoked","success":false}'],
    ['400 without a body', 400, null],
    ['401 with JSON of its own', 401, '{"message":"no"}'],
  ])('dead tokens that are told by %s are dead after three tries', async (_, status, body) => {
    const odd = appThatHears(Array.from({ length: 3 }, () => () => answering(status, body)))
    provider.pass(2 * HOUR)
    for (let call = 0; call < 2; call++) {
      await expect(odd.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'provider_refused' })
      expect((await odd.connect.links.find(AT_MI6))?.status).toBe('active')
    }
    await expect(odd.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'needs_reauthorization' })
    expect(odd.reported.needsReauthorization).toEqual(['tenantry:1:777'])
  })

  it.each([
    [500, '{"error":"server_error"}', 'application/json'],
    [503, null, 'application/json'],
    [429, null, 'application/json'],
    [400, '<html>Bad gateway</html>', 'text/html'],
    [401, '<html>Log in</html>', 'text/html'],
    [200, '<html>Maintenance</html>', 'text/html'],
  ])('%i with %s never means that the tokens are dead', async (status, body, type) => {
    const odd = appThatHears(Array.from({ length: 5 }, () => () => answering(status, body, type)))
    provider.pass(2 * HOUR)
    for (let call = 0; call < 5; call++) {
      await expect(odd.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'provider_unavailable' })
      provider.pass(60_000)
    }
    expect(await odd.connect.accessToken(AT_MI6)).toMatch(/^tny_at_1_/)
  })

  it('a provider may say itself what a refusal is', async () => {
    const own = { ...provider.options.provider, isRefused: (status: number) => status === 403 }
    const odd = appThatHears([() => answering(403, '{"gone":true}')], { provider: own })
    provider.pass(2 * HOUR)
    await expect(odd.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'needs_reauthorization' })
  })

  it.each([
    ['api_domain', 'https://elsewhere.example'],
    ['api_domain', ''],
    ['api_domain', 7],
    ['scope', null],
    ['scope', ['base']],
    ['scope', 7],
    ['expires_in', '3600'],
    ['expires_in', null],
    ['expires_in', -1],
    ['expires_in', 'soon'],
    ['token_type', null],
    ['token_type', 'odd'],
    ['refresh_token', null],
    ['refresh_token', ''],
    ['refresh_token', {}],
    ['id_token', 'x'],
  ])('a granted token is not lost to its %s being %j', async (field, value) => {
    provider.pass(2 * HOUR)
    provider.faults.next('token', { kind: 'forged', forge: body => ({ ...body, [field]: value }) })
    const token = await app.connect.accessToken(AT_MI6)
    expect(token).toMatch(/^tny_at_1_/)
    expect(
      (
        await provider.options.fetch!('http://localhost:4040/users/me', {
          headers: { Authorization: `Bearer ${token}` },
        })
      ).status,
    ).toBe(200)
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('active')
  })

  it('a granted token is not lost to a store that fails: it is written again, and used meanwhile', async () => {
    let failures = 3
    const failing: LinkStore = Object.assign(Object.create(store), {
      replaceLink: async (link: StoredLink) => {
        if (failures-- > 0) throw new Error('the store is down')
        return store.replaceLink(link)
      },
    })
    const own = createTestApp(provider, { store: failing, wait: async () => {} })
    provider.pass(2 * HOUR)
    const token = await own.connect.accessToken(AT_MI6)
    expect([token, await app.connect.accessToken(AT_MI6)]).toEqual([token, token])

    // Down for longer than one refresh waits.
    failures = 1000
    provider.pass(2 * HOUR)
    const before = provider.requestsTo('/oauth/token')
    const second = await own.connect.accessToken(AT_MI6)
    expect(second).not.toBe(token)
    expect(await own.connect.accessToken(AT_MI6)).toBe(second)
    expect(provider.requestsTo('/oauth/token')).toBe(before + 1)
    expect(own.reported.errors).toHaveLength(1)
    failures = 0
    provider.pass(2 * HOUR)
    expect(await own.connect.accessToken(AT_MI6)).toMatch(/^tny_at_1_/)
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('active')
  })

  it('an API that always answers 401 does not cost a refresh each time', async () => {
    const { fetch } = provider.options
    const own = createTestApp(provider, {
      store,
      fetch: async (input, init) => {
        const isApi = new URL(input instanceof Request ? input.url : input).pathname === '/api/v1/deals'
        return isApi ? new Response(null, { status: 401 }) : fetch!(input, init)
      },
    })
    const before = provider.requestsTo('/oauth/token')
    for (let call = 0; call < 5; call++) {
      expect((await own.connect.fetch(AT_MI6, '/api/v1/deals')).status).toBe(401)
    }
    expect(provider.requestsTo('/oauth/token')).toBe(before + 1)
  })

  it('a store that hangs fails its caller, and blocks no other', async () => {
    const hanging: LinkStore = Object.assign(Object.create(store), { findLink: () => new Promise(() => {}) })
    const own = createTestApp(provider, { store: hanging, storeTimeout: 50 })
    await expect(own.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  it('an answer that comes too late is not waited for', async () => {
    const hasty = createTestApp(provider, { store, timeout: 50 })
    provider.pass(2 * HOUR)
    provider.faults.next('token', { kind: 'slow', milliseconds: 400 })
    await expect(hasty.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'provider_unavailable' })
    await new Promise(resolve => setTimeout(resolve, 500))
    expect(await hasty.connect.accessToken(AT_MI6)).toMatch(/^tny_at_1_/)
  })

  it('a refresh that the provider refuses for another reason gives no token and marks no link', async () => {
    provider.pass(2 * HOUR)
    provider.faults.next('token', { kind: 'status', status: 400 })
    await expect(app.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'provider_refused' })
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('active')
    expect(app.reported.needsReauthorization).toEqual([])
  })

  it('an unavailable token says when to try again', async () => {
    provider.pass(2 * HOUR)
    provider.faults.next('token', { kind: 'rate_limited', retryAfter: 9 })
    await expect(app.connect.accessToken(AT_MI6)).rejects.toMatchObject({ retryAfter: 9 })
  })

  it('a wrong client secret is the developer’s affair: no link is marked', async () => {
    const wrong = createTestApp(provider, { store, clientSecret: 'not the secret' })
    provider.pass(2 * HOUR)
    await expect(wrong.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'provider_refused' })
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('active')
  })

  it('no token is given for a user who is not linked', async () => {
    await expect(app.connect.accessToken(AT_EXPORTS)).rejects.toMatchObject({ code: 'link_missing' })
  })
})
