import { createConnect, useAccount } from '@tenantry/connect'
import { setSuspended } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { AT_EXPORTS, AT_MI6, BOND, createTestApp, KEY } from '../../../../tests/support/kit.ts'
import { app, provider, store, useKit } from '../../../../tests/support/kit-of-test.ts'

const HOUR = 3_600_000

const tokenRequests = () => provider.requestsTo('/oauth/token') - 1

useKit({ installed: true })

describe('an authorized fetch', () => {
  it('an authorized fetch speaks for the link’s user at the link’s company', async () => {
    await provider.install(app.connect, { ...BOND, company: 2 })
    const ask = async (reference: typeof AT_MI6) =>
      ((await (await app.connect.fetch(reference, '/users/me')).json()) as { data: object }).data
    expect(await ask(AT_MI6)).toMatchObject({ id: 777, company_id: 1 })
    expect(await ask(AT_EXPORTS)).toMatchObject({ id: 777, company_id: 2 })
  })

  it('an authorized fetch passes on what it is given, and answers as the provider does', async () => {
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

  it('an authorized fetch gives up after one try, with the provider’s own answer', async () => {
    provider.faults.next('users_me', { kind: 'status', status: 401 }, 5)
    expect((await app.connect.fetch(AT_MI6, '/users/me')).status).toBe(401)
    expect(provider.requestsTo('/users/me')).toBe(3)
    provider.faults.clear()
  })

  it('an authorized fetch sends a body that flows only once', async () => {
    provider.faults.next('users_me', { kind: 'status', status: 401 })
    const body = new ReadableStream({ start: controller => controller.close() })
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    expect((await app.connect.fetch(AT_MI6, '/users/me', init)).status).toBe(401)
  })

  it('an authorized fetch is refused where the company was suspended meanwhile', async () => {
    await setSuspended(provider.tenantry.runtime, 1, true)
    await expect(app.connect.fetch(AT_MI6, '/users/me')).rejects.toMatchObject({ code: 'needs_reauthorization' })
  })

  it.each([
    [{ 'Retry-After': '3' }, 3000],
    [{ 'Retry-After': new Date(Date.UTC(2026, 0, 15, 12, 0, 5)).toUTCString() }, 5000],
    [{ 'X-RateLimit-Limit': '80', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '2' }, 2000],
    [{ 'X-RateLimit-Reset': String(Date.UTC(2026, 0, 15, 12, 0, 4) / 1000) }, 4000],
  ])('an authorized fetch waits as it is told to by %j', async (headers, milliseconds) => {
    const before = provider.now()
    provider.faults.next('users_me', { kind: 'status', status: 429, headers })
    expect((await app.connect.fetch(AT_MI6, '/users/me')).status).toBe(200)
    expect(provider.now() - before).toBe(milliseconds)
  })

  it.each([[{}], [{ 'Retry-After': '31' }], [{ 'Retry-After': 'soon' }]])(
    'an authorized fetch does not wait for %j',
    async headers => {
      provider.faults.next('users_me', { kind: 'status', status: 429, headers })
      expect((await app.connect.fetch(AT_MI6, '/users/me')).status).toBe(429)
    },
  )

  it('an authorized fetch does not wait for ever', async () => {
    provider.faults.next('users_me', { kind: 'rate_limited', retryAfter: 1 }, 10)
    expect((await app.connect.fetch(AT_MI6, '/users/me')).status).toBe(429)
    expect(provider.requestsTo('/users/me')).toBe(1 + 3)
    provider.faults.clear()
  })

  it('an authorized fetch stops waiting when it is broken off', async () => {
    const { wait: _, ...options } = provider.options
    const real = createConnect({ ...options, store, encryptionKeys: [KEY], onInstall: () => useAccount('x') })
    const controller = new AbortController()
    provider.faults.next('users_me', { kind: 'rate_limited', retryAfter: 20 })
    const asked = real.fetch(AT_MI6, '/users/me', { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 30)
    await expect(asked).rejects.toThrow('enough')
  })

  it('an authorized fetch stops at once when it is broken off before or during a refresh, which goes on for others', async () => {
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
  ])('an authorized fetch sends no token to %s', async address => {
    const before = provider.requestsTo('/users/me')
    await expect(app.connect.fetch(AT_MI6, address)).rejects.toMatchObject({ code: 'host_not_allowed' })
    expect(provider.requestsTo('/users/me')).toBe(before)
  })
})
