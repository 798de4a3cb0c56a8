import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BothWays, type Seen, type Sent } from '../../../../tests/support/both-ways.ts'
import type { TokenAnswer } from '../../../../tests/support/client.ts'
import { Prover } from '../../../../tests/support/prover.ts'
import { MI6, ORIGIN } from '../../../../tests/support/provider.ts'
import { TooBusy } from '../http/errors.ts'
import { StoreUnavailable } from '../store/store.ts'

const FORM = 'application/x-www-form-urlencoded'

describe('forms of apps on the fast path', () => {
  let ways: BothWays
  const start = async (options = {}) => {
    ways = await BothWays.start(options)
  }
  beforeEach(() => start())
  afterEach(() => ways.close())

  const tokens = async (): Promise<TokenAnswer> =>
    ways.client.tokens(await ways.provider.person().code(ways.client, { company: MI6 }))
  const basic = () => `Basic ${Buffer.from(`${ways.client.id}:${ways.client.secret}`).toString('base64')}`
  const form = ({ path = '/oauth/token', body = '', headers }: Partial<Sent>): Sent => ({
    method: 'POST',
    path,
    body,
    headers: { Authorization: basic(), 'Content-Type': FORM, ...headers },
  })
  const overTheLine = (sent: Partial<Sent>) => ways.overTheLine(form(sent))
  const byRoute = (sent: Partial<Sent>) => ways.byRoute(form(sent))
  const bothWays = (sent: Partial<Sent>, takesFastPath = true): Promise<Seen> => ways.both(form(sent), takesFastPath)

  it('a refresh is answered with the tokens that the route gives when it is asked again', async () => {
    const { refresh_token } = await tokens()
    for (const path of ['/oauth/token', '/oauth/token/']) {
      const { status, body } = await bothWays({ path, body: `grant_type=refresh_token&refresh_token=${refresh_token}` })
      expect([status, JSON.parse(body).refresh_token === refresh_token]).toEqual([200, false])
    }
  })

  it('a code is exchanged once: the route takes the next attempt for theft, and the tokens are gone', async () => {
    const code = await ways.provider.person().code(ways.client, { company: MI6 })
    const body = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: ways.client.redirectUri })
    const first = await overTheLine({ body: `${body}` })
    expect([first.status, ways.direct]).toEqual([200, 1])
    expect((await byRoute({ body: `${body}` })).status).toBe(400)
    expect((await ways.client.me(JSON.parse(first.body).access_token)).status).toBe(401)
  })

  it('introspection and revocation are answered as the routes answer them', async () => {
    const { access_token } = await tokens()
    const asked = { path: '/oauth/introspect', body: `token=${access_token}` }
    expect(JSON.parse((await bothWays(asked)).body)).toMatchObject({ active: true, company_id: MI6 })
    expect((await bothWays({ path: '/oauth/revoke', body: `token=${access_token}` })).status).toBe(200)
    expect(JSON.parse((await bothWays(asked)).body)).toEqual({ active: false })
    expect((await ways.client.me(access_token)).status).toBe(401)
  })

  it.each<[string, Partial<Sent>, number]>([
    ['a grant that does not exist', { body: 'grant_type=password' }, 400],
    ['no grant', { body: 'a=b' }, 400],
    ['a repeated parameter', { body: 'grant_type=refresh_token&grant_type=refresh_token' }, 400],
    ['a token that is none', { body: 'grant_type=refresh_token&refresh_token=x%20y' }, 400],
    ['a wrong secret', { headers: { Authorization: 'Basic YTpi' }, body: 'grant_type=refresh_token' }, 401],
    [
      'credentials that are not Basic',
      { headers: { Authorization: 'Bearer x' }, body: 'grant_type=refresh_token' },
      401,
    ],
    ['another encoding', { headers: { 'Content-Type': 'application/json' }, body: '{"grant_type":"x"}' }, 400],
    ['more parameters than any client sends', { body: 'a&'.repeat(300) }, 400],
    ['a proof that does not hold', { headers: { DPoP: 'x' }, body: 'grant_type=refresh_token&refresh_token=x' }, 400],
    ['a token that no one has', { path: '/oauth/introspect', body: 'token=x' }, 200],
    ['no token', { path: '/oauth/revoke', body: 'a=b' }, 400],
  ])('what is wrong is answered as the route answers it: %s', async (_what, sent, status) => {
    expect((await bothWays(sent)).status).toBe(status)
  })

  it.each<[string, Partial<Sent>, number]>([
    ['a secret in the address', { path: '/oauth/token?client_secret=x', body: 'grant_type=refresh_token' }, 400],
    ['any other query', { path: '/oauth/token?a=b', body: 'grant_type=refresh_token' }, 400],
    ['another path', { path: '/oauth/tokens', body: 'grant_type=refresh_token' }, 405],
    ['bytes beyond ASCII', { body: 'grant_type=é' }, 400],
    ['no body', { body: '' }, 400],
  ])('left to the routes, which answer it: %s', async (_what, sent, status) => {
    expect((await bothWays(sent, false)).status).toBe(status)
  })

  it.each([
    ['an internal error', new Error('an internal error'), 500],
    ['a database that is not available', new StoreUnavailable('the database is not available'), 503],
    ['too much to do', new TooBusy(), 503],
  ])('a failure is answered as the route answers it, and ways.logged: %s', async (_what, error, status) => {
    const { refresh_token } = await tokens()
    Object.assign(ways.provider.runtime.store, { write: () => Promise.reject(error) })
    const answer = await bothWays({ body: `grant_type=refresh_token&refresh_token=${refresh_token}` })
    expect(answer.status).toBe(status)
    expect(ways.logged.filter(({ level, path }) => level === 50 && path === '/oauth/token')).toHaveLength(2)
  })

  it('what load balancers ask is answered as by the routes, also while the database cannot be written to', async () => {
    for (const path of ['/healthz', '/readyz']) expect((await ways.both({ path })).status).toBe(200)
    const { store } = ways.provider.runtime
    Object.assign(store, { ping: () => Promise.reject(new StoreUnavailable('gone')) })
    const { status, headers, body } = await ways.both({ path: '/readyz' })
    expect([status, headers['retry-after'], JSON.parse(body)]).toEqual([
      503,
      '1',
      { status: 'unavailable', reason: 'unreachable' },
    ])
    expect((await ways.both({ path: '/healthz' })).status).toBe(200)
  })

  it('a key that a token is bound to is proved for the address of the endpoint', async () => {
    const prover = await Prover.create()
    const { refresh_token } = await tokens()
    const proof = await prover.prove({ method: 'POST', url: `${ORIGIN}/oauth/token`, at: ways.provider.now() / 1000 })
    const answer = await overTheLine({
      headers: { DPoP: proof },
      body: `grant_type=refresh_token&refresh_token=${refresh_token}`,
    })
    expect([answer.status, JSON.parse(answer.body).token_type, ways.direct]).toEqual([200, 'DPoP', 1])
  })

  it('each answer is ways.logged and counted with its route, and has an id of its own', async () => {
    await overTheLine({ body: 'grant_type=password' })
    await overTheLine({ path: '/oauth/introspect', body: 'token=x' })
    const lines = ways.logged.filter(({ status }) => status !== undefined)
    expect(lines).toMatchObject([
      { method: 'POST', path: '/oauth/token', status: 400 },
      { method: 'POST', path: '/oauth/introspect', status: 200 },
    ])
    expect(new Set(lines.map(({ requestId }) => requestId)).size).toBe(2)
    const counted = ways.provider.runtime.metrics.requests.metrics()[0]!.values()
    expect(counted).toContainEqual({ labels: { route: '/oauth/token', method: 'POST', status: 400 }, value: 1 })
    expect(counted).toContainEqual({ labels: { route: '/oauth/introspect', method: 'POST', status: 200 }, value: 1 })
  })

  it('failures count against the network that the proxy in front names', async () => {
    await restart({ rateLimits: { token: { app: 100, address: 3 } } })
    const from = (address: string) => ({
      headers: { Authorization: 'Basic YTpi', 'X-Forwarded-For': address },
      body: 'grant_type=refresh_token',
    })
    for (let each = 0; each < 3; each++) expect((await overTheLine(from('203.0.113.7'))).status).toBe(401)
    const refused = await bothWays(from('203.0.113.7'))
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '60'])
    expect((await overTheLine(from('203.0.113.8'))).status).toBe(401)
  })

  it('an app learns how many requests it has left, and is refused beyond', async () => {
    await restart({ rateLimits: { token: { app: 2 } } })
    const sent = { body: 'grant_type=password' }
    expect((await overTheLine(sent)).headers['x-ratelimit-remaining']).toBe('1')
    expect((await overTheLine(sent)).headers['x-ratelimit-remaining']).toBe('0')
    expect((await bothWays(sent)).status).toBe(429)
  })

  it('below the path of an origin, and where a proxy takes that path off', async () => {
    await restart({ origin: 'https://example.com/id' })
    for (const path of ['/id/oauth/token', '/oauth/token']) {
      const answer = await overTheLine({ path, body: 'grant_type=password' })
      expect([answer.status, JSON.parse(answer.body).error]).toEqual([400, 'unsupported_grant_type'])
    }
    expect(ways.direct).toBe(2)
  })

  it('requests that follow each other on one connection are answered in their order', async () => {
    const head = (length: number) =>
      `POST /oauth/introspect HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic()}\r\nContent-Type: ${FORM}\r\nContent-Length: ${length}\r\n\r\n`
    const { access_token } = await tokens()
    ways.line.write(`${head(7)}token=x`)
    ways.line.write(`${head(6 + access_token.length)}token=${access_token}`)
    ways.line.write('GET /users/me HTTP/1.1\r\nHost: x\r\n\r\n')
    const answers = [await ways.line.answer(), await ways.line.answer(), await ways.line.answer()]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 401])
    expect(answers.slice(0, 2).map(({ body }) => JSON.parse(body).active)).toEqual([false, true])
  })

  it('closing waits for a form that is being answered', async () => {
    const { refresh_token } = await tokens()
    const { store } = ways.provider.runtime
    const write = store.write.bind(store)
    const mayCommit = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    Object.assign(store, {
      async write(...given: Parameters<typeof write>) {
        begun.resolve()
        await mayCommit.promise
        return write(...given)
      },
    })
    const answer = overTheLine({ body: `grant_type=refresh_token&refresh_token=${refresh_token}` })
    await begun.promise
    const closed = ways.listener.close()
    mayCommit.resolve()
    expect((await answer).status).toBe(200)
    await closed
  })

  async function restart(options: object) {
    await ways.close()
    await start(options)
  }
})
