import { setApp } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { admin, useAdmin } from '../../../../tests/support/admin.ts'
import { MI6, MINUTE, SECOND, startProvider, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { createRuntime } from '../server.ts'
import { RateLimiter, rateLimiterOf } from './rate-limiter.ts'

const ATTACKER = '203.0.113.9'

function headersOf({ headers }: Response) {
  return ['Limit', 'Remaining', 'Reset'].map(name => headers.get(`X-RateLimit-${name}`))
}

describe('rate limits', () => {
  useProvider(() => ({
    trustedProxies: 1,
    rateLimits: {
      token: { app: 5, address: 3 },
      introspect: { app: 2 },
      authorize: { address: 4 },
      api: { app: 6, company: 4 },
      me: { company: 3 },
      admin: { key: 8 },
    },
  }))
  useAdmin()

  const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } })

  it('an app gets 429 beyond its limit, with when to come back, and goes on in the next minute', async () => {
    const answers: Response[] = []
    for (let each = 0; each < 6; each++) answers.push(await client.refresh('rt'))
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 429])
    expect(answers.map(headersOf)).toEqual([4, 3, 2, 1, 0, 0].map(left => ['5', String(left), '60']))
    const last = answers.at(-1)!
    expect(last.headers.get('Retry-After')).toBe('60')
    expect(await last.json()).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'More than 5 requests a minute (token.app). Try again in 60 seconds.',
    })
    const other = await provider.registerApp()
    expect((await other.refresh('rt')).status).toBe(400)
    provider.pass(59 * SECOND)
    expect((await client.refresh('rt')).headers.get('Retry-After')).toBe('1')
    provider.pass(SECOND)
    expect((await client.refresh('rt')).status).toBe(400)
  })

  it('a network whose requests fail to authenticate is refused, before its secret is looked at; others are not', async () => {
    const wrong = (address: string, secret = 'wrong', form: Record<string, string> = {}) =>
      client.post(
        '/oauth/token',
        { grant_type: 'refresh_token', ...form },
        {
          ...from(address).headers,
          Authorization: `Basic ${Buffer.from(`${client.id}:${secret}`).toString('base64')}`,
        },
      )
    const statuses: number[] = []
    for (let each = 0; each < 5; each++) statuses.push((await wrong(ATTACKER)).status)
    expect(statuses).toEqual([401, 401, 401, 429, 429])
    expect((await wrong(ATTACKER, client.secret!)).status).toBe(429)
    // Nor is anything else, whatever it presents.
    const { refresh_token } = await client.tokens(await person.code(client, { company: MI6 }))
    const { store } = provider.runtime
    const { db } = store
    Object.defineProperty(store, 'db', { configurable: true, get: () => expect.fail('the database was asked') })
    expect((await wrong(ATTACKER, client.secret!, { refresh_token })).status).toBe(429)
    Object.defineProperty(store, 'db', { configurable: true, value: db })
    expect((await wrong('203.0.113.10', client.secret!)).status).toBe(400)
  })

  it('requests that succeed are not counted by network', async () => {
    for (let each = 0; each < 5; each++) {
      const app = await provider.registerApp()
      const answer = await app.post(
        '/oauth/token',
        { grant_type: 'refresh_token', refresh_token: 'x' },
        from(ATTACKER).headers,
      )
      expect(answer.status).toBe(400)
    }
  })

  it('authorization pages are limited by network: an IPv6 network of 64 bits is one', async () => {
    const statuses: number[] = []
    for (let each = 0; each < 5; each++) {
      statuses.push((await provider.fetch(client.authorizePath(), from(`2001:db9::${each}`))).status)
    }
    expect(statuses).toEqual([200, 200, 200, 200, 429])
    const page = await provider.fetch(client.authorizePath(), from('2001:db9::1'))
    expect(page.headers.get('Retry-After')).toBe('60')
    expect(await page.text()).toContain('There were too many requests from your network.')
    expect((await provider.fetch(client.authorizePath(), from('2001:db9:0:1::1'))).status).toBe(200)
  })

  it.each(['10.0.0.1', '127.0.0.1', 'fd00::1', '100.64.0.1', 'unknown', ''])(
    'addresses that are not of the internet are never one network: %s',
    async address => {
      for (let each = 0; each < 6; each++) {
        expect((await provider.fetch(client.authorizePath(), from(address))).status).toBe(200)
      }
    },
  )

  it('the users API is limited by app and by company, whichever is reached first', async () => {
    const tokens = await client.tokens(await person.code(client, { company: MI6 }))
    const elsewhere = await client.tokens(await person.code(client, { company: UNIVERSAL_EXPORTS }))
    const list = (token: string) => provider.fetch('/users', { headers: { Authorization: `Bearer ${token}` } })
    for (let each = 0; each < 4; each++) expect((await list(tokens.access_token)).status).toBe(200)
    const refused = await list(tokens.access_token)
    expect([refused.status, ((await refused.json()) as { error: string }).error]).toEqual([
      429,
      'More than 4 requests a minute (api.company). Try again in 60 seconds.',
    ])
    expect((await list(elsewhere.access_token)).status).toBe(200)
    expect((await list(elsewhere.access_token)).status).toBe(200)
    expect(((await (await list(elsewhere.access_token)).json()) as { error: string }).error).toContain('api.app')
  })

  it('GET /users/me is limited where that is configured, on every path of a server', async () => {
    const { access_token } = await client.tokens(await person.code(client, { company: MI6 }))
    const statuses: number[] = []
    for (let each = 0; each < 4; each++) statuses.push((await client.me(access_token)).status)
    expect(statuses).toEqual([200, 200, 200, 429])
    const [hot] = provider.tenantry.hotRoutes
    expect(hot!.respond({ path: '/users/me', authorization: `Bearer ${access_token}` } as never)).toBeUndefined()
    expect((await client.me('unknown')).status).toBe(401)
  })

  it('introspection and the admin API have limits of their own', async () => {
    expect((await client.introspect('x')).status).toBe(200)
    expect((await client.introspect('x')).status).toBe(200)
    expect((await client.introspect('x')).status).toBe(429)
    const statuses: number[] = []
    for (let each = 0; each < 9; each++) statuses.push((await admin('GET', '/companies')).status)
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 200, 429])
    const { headers, body } = await admin('GET', '/companies')
    expect([headers.get('X-RateLimit-Limit'), headers.get('Retry-After'), body.code]).toEqual([
      '8',
      '60',
      'too_many_requests',
    ])
  })

  it('an app can have limits of its own, more or less than the others, or none', async () => {
    const statusAfter = async (requests: number) => {
      let status = 0
      for (let each = 0; each < requests; each++) status = (await client.refresh('rt')).status
      return status
    }
    await setApp(provider.runtime, client.id, { rateLimits: { token: 8 } })
    await rateLimiterOf(provider.runtime).reload()
    expect(await statusAfter(8)).toBe(400)
    expect(await statusAfter(1)).toBe(429)
    await setApp(provider.runtime, client.id, { rateLimits: { token: false } })
    await rateLimiterOf(provider.runtime).reload()
    expect(await statusAfter(20)).toBe(400)
    await setApp(provider.runtime, client.id, { rateLimits: null })
    await rateLimiterOf(provider.runtime).reload()
    expect(await statusAfter(1)).toBe(429)
  })
})

describe('rate limits of several processes', () => {
  useProvider(() => ({ rateLimits: { token: { app: 100 } } }))

  const subject = { group: 'token', by: 'app', id: 'one' } as const
  const allowed = (limiter: RateLimiter, requests: number) =>
    Array.from({ length: requests }, () => limiter.count(subject)!).filter(({ isExceeded }) => !isExceeded).length

  it('processes that tell each other of their counts let in no more than one would', async () => {
    const nodes = [
      new RateLimiter(provider.runtime),
      new RateLimiter(provider.runtime),
      new RateLimiter(provider.runtime),
    ]
    let total = 0
    for (let second = 0; second < 20; second++) {
      for (const node of nodes) total += allowed(node, 3)
      for (const node of nodes) await node.synchronise()
    }
    // Beyond the limit by what came before they heard of each other, and a tenth of it each at most.
    expect(total).toBeGreaterThanOrEqual(100)
    expect(total).toBeLessThanOrEqual(100 + 3 * (3 + 10))
  })

  it('processes that tell each other at the same moment lose no count', async () => {
    const nodes = Array.from({ length: 4 }, () => new RateLimiter(provider.runtime))
    for (const node of nodes) allowed(node, 15)
    await Promise.all(nodes.map(node => node.synchronise()))
    for (const node of nodes) allowed(node, 1)
    await Promise.all(nodes.map(node => node.synchronise()))
    const row = await provider.runtime.store.db.selectFrom('rate_windows').select('used').executeTakeFirst()
    expect(row?.used).toBe(64)
  })

  it('a request waits for no database, and a database that is gone stops no request', async () => {
    const limiter = new RateLimiter(provider.runtime)
    const { store } = provider.runtime
    const write = store.write.bind(store)
    let writes = 0
    store.write = statements => {
      writes += 1
      return write(statements)
    }
    expect(allowed(limiter, 100)).toBe(100)
    expect(writes).toBe(0)
    store.write = async () => {
      throw new Error('gone')
    }
    await expect(limiter.synchronise()).rejects.toThrow('gone')
    expect(limiter.count(subject)!.isExceeded).toBe(true)
    store.write = write
    await limiter.synchronise()
    const other = new RateLimiter(provider.runtime)
    allowed(other, 10)
    await other.synchronise()
    expect(other.count(subject)!.isExceeded).toBe(true)
  })

  it('subjects that stay far below their limit are not written down, however many there are', async () => {
    const limiter = new RateLimiter(provider.runtime)
    for (let each = 0; each < 1000; each++) limiter.count({ ...subject, id: `visitor ${each}` })
    await limiter.synchronise()
    expect(await provider.runtime.store.db.selectFrom('rate_windows').selectAll().execute()).toEqual([])
  })

  it('a new minute begins from nothing', async () => {
    const limiter = new RateLimiter(provider.runtime)
    expect(allowed(limiter, 120)).toBe(100)
    await limiter.synchronise()
    provider.pass(MINUTE)
    expect(allowed(limiter, 120)).toBe(100)
    await limiter.synchronise()
    const row = await provider.runtime.store.db.selectFrom('rate_windows').selectAll().execute()
    expect(row).toMatchObject([{ used: 100, began_at: Math.floor(provider.now() / MINUTE) * MINUTE }])
  })
})

describe('rate limits by default', () => {
  const limited = (origin: string, rateLimits?: false) => {
    const runtime = createRuntime({
      store: { path: ':memory:' },
      secrets: ['a secret of the tests that is long enough'],
      origin,
      ...(rateLimits === false && { rateLimits }),
    })
    const limiter = rateLimiterOf(runtime)
    const groups = (['token', 'introspect', 'authorize', 'api', 'me', 'admin'] as const).filter(group =>
      limiter.limits(group),
    )
    void runtime.store.close()
    return groups
  }

  it('there are none in development, and in production none on GET /users/me', () => {
    expect(limited('http://localhost:4040')).toEqual([])
    expect(limited('https://id.example')).toEqual(['token', 'introspect', 'authorize', 'api', 'admin'])
    expect(limited('https://id.example', false)).toEqual([])
  })

  it('limits that make no sense are refused at start', async () => {
    for (const rateLimits of [
      { token: { app: 0 } },
      { token: { app: 1.5 } },
      { nope: {} },
      { token: { user: 1 } },
      true,
    ]) {
      await expect(startProvider({ rateLimits: rateLimits as never })).rejects.toThrow(/rateLimits/)
    }
  })
})
