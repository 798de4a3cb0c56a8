import { parse } from 'node-html-parser'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BothWays, type Sent } from '../../../../tests/support/both-ways.ts'
import { answerOf } from '../../../../tests/support/person.ts'
import { BOND, DAY, MI6, MONEYPENNY_EMAIL, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { OutcomeUnknown, StoreUnavailable } from '../store/store.ts'

const FORM = 'application/x-www-form-urlencoded'

describe('pages on the way to a code, on the fast path', () => {
  let ways: BothWays
  /** Of a browser in which someone is signed in. */
  let cookie: string

  async function startAnother(options: object) {
    await ways.close()
    ways = await BothWays.start(options)
  }
  async function cookieOf(email?: string) {
    const person = ways.provider.person()
    await person.signIn(email)
    return [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }
  beforeEach(async () => {
    ways = await BothWays.start()
    cookie = await cookieOf()
  })
  afterEach(() => ways.close())

  const get = (path: string, headers = {}): Sent => ({ path, headers: { Cookie: cookie, ...headers } })
  const authorize = (parameters: Record<string, string | undefined> = {}) =>
    get(ways.client.authorizePath({ company_id: undefined, ...parameters }))
  const post = (path: string, fields: Record<string, string>, headers = {}): Sent => ({
    method: 'POST',
    path,
    body: new URLSearchParams(fields).toString(),
    headers: { Cookie: cookie, 'Content-Type': FORM, ...headers },
  })
  const fieldsOf = (body: string, selector = 'main form') =>
    Object.fromEntries(
      parse(body)
        .querySelectorAll(`${selector} input[type=hidden]`)
        .map(input => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']),
    )
  /** The consent page as the chooser leads to it. */
  async function reachConsent() {
    const chooser = await ways.both(authorize())
    const chosen = await ways.both(
      post('/oauth/authorize/company', { ...fieldsOf(chooser.body), company_id: String(UNIVERSAL_EXPORTS) }),
    )
    expect(chosen.status).toBe(303)
    return ways.both(get(chosen.headers.location!))
  }

  it('who is signed in goes from the chooser over the consent page to a code, with the same answers both ways', async () => {
    const page = await reachConsent()
    expect([page.status, page.body.includes('Universal Exports')]).toEqual([200, true])
    const answer = await ways.both(
      post('/oauth/authorize/consent', { ...fieldsOf(page.body), decision: 'allow', install_for: 'me' }),
    )
    expect([answer.status, answer.headers['cache-control'], ways.direct]).toEqual([303, 'no-store', 4])
    const code = answerOf(new Response(null, { status: 303, headers: answer.headers })).searchParams.get('code')!
    expect((await ways.client.tokens(code)).access_token).toMatch(/^tny_at_2_/)
  })

  it('an administrator installs for the company, and a member is served with no page', async () => {
    const app = await ways.provider.registerApp({ install: 'both' })
    const ask = () => get(app.authorizePath({ company_id: String(MI6) }))
    const chooser = await ways.both(ask())
    const chosen = await ways.both(
      post('/oauth/authorize/company', { ...fieldsOf(chooser.body), company_id: String(MI6) }),
    )
    const page = await ways.both(get(chosen.headers.location!))
    const allow = { ...fieldsOf(page.body), decision: 'allow', install_for: 'company' }
    expect((await ways.overTheLine(post('/oauth/authorize/consent', allow))).status).toBe(303)
    cookie = await cookieOf(MONEYPENNY_EMAIL)
    expect((await ways.both(ask())).headers.location).toMatch(/\?code=tny_ac_1_/)
  })

  it('who says no, and who has nothing to say yet, is answered as by the routes', async () => {
    const page = await reachConsent()
    const denied = await ways.both(post('/oauth/authorize/consent', { ...fieldsOf(page.body), decision: 'deny' }))
    expect(denied.headers.location).toContain('error=access_denied')
    const cancelled = await ways.both(
      post('/oauth/authorize/company', { ...fieldsOf((await ways.both(authorize())).body), cancel: 'yes' }),
    )
    expect(cancelled.headers.location).toContain('error=access_denied')
    const silent = await ways.both(authorize({ prompt: 'none' }))
    expect(silent.headers.location).toContain('error=interaction_required')
  })

  it.each<[string, (fields: Record<string, string>) => Record<string, string>, number]>([
    ['a form of another site', fields => ({ ...fields, form_token: 'x' }), 403],
    ['a ticket of something else', fields => ({ ...fields, ticket: fields.ticket!.replace(/^2/, '1') }), 409],
    ['no ticket', ({ ticket: _, ...fields }) => fields, 400],
    ['a decision that is none', fields => ({ ...fields, decision: 'maybe' }), 400],
    ['an app that does not exist', fields => ({ ...fields, request: 'client_id=x' }), 400],
    [
      'more fields than any page sends',
      fields => ({ ...fields, ...Object.fromEntries([...Array(250).keys()].map(each => [each, 'x'])) }),
      400,
    ],
  ])('a consent that does not hold is refused with a page: %s', async (_what, change, status) => {
    const fields = { ...fieldsOf((await reachConsent()).body), decision: 'allow' }
    const answer = await ways.both(post('/oauth/authorize/consent', change(fields)))
    expect([answer.status, answer.headers['content-type']]).toEqual([status, 'text/html; charset=UTF-8'])
  })

  it.each<[string, Record<string, string | undefined>, number]>([
    ['an app that does not exist', { client_id: 'x' }, 400],
    ['an address that is not the app’s', { redirect_uri: 'https://evil.example/' }, 400],
    ['a scope that the app does not have', { scope: 'deals:full' }, 302],
    ['a response type that there is not', { response_type: 'token' }, 302],
    ['a state with line breaks', { state: '\r\nSet-Cookie: a=b', response_type: 'token' }, 302],
    ['a state beyond ASCII', { state: 'ünïcödé ✓', response_type: 'token' }, 302],
    ['a new sign-in', { prompt: 'login' }, 200],
    ['another language', { ui_locales: 'ar' }, 200],
  ])('a request is answered as its route answers it: %s', async (_what, parameters, status) => {
    expect((await ways.both(authorize(parameters))).status).toBe(status)
  })

  it('without a session, and with one that ended, a person is asked to sign in, with a cookie for the form', async () => {
    const browsers: Record<string, string>[] = [
      {},
      { Cookie: 'tenantry_session=x' },
      { Cookie: 'a=b; c' },
      { Cookie: '' },
    ]
    for (const headers of browsers) {
      const page = await ways.both({ path: ways.client.authorizePath(), headers })
      expect([page.status, page.headers['set-cookie']]).toEqual([200, expect.stringContaining('tenantry_form=')])
    }
    ways.provider.pass(400 * DAY)
    expect((await ways.both(authorize())).body).toContain('type="password"')
    const consent = await ways.both(post('/oauth/authorize/consent', { request: 'a=b' }))
    expect([consent.status, consent.headers.location]).toEqual([303, '/oauth/authorize?a=b'])
  })

  it('the language of the browser is spoken, and the one that was chosen on a page before it', async () => {
    const language = async (headers: object) =>
      (await ways.both({ path: ways.client.authorizePath(), headers: { ...headers } })).headers['content-language']
    expect(await language({ 'Accept-Language': 'et, de;q=0.5' })).toBe('et')
    expect(await language({ 'Accept-Language': 'et', Cookie: 'tenantry_language=ja' })).toBe('ja')
  })

  it.each<[string, () => Sent]>([
    ['a cookie twice', () => ({ ...authorize(), headers: { Cookie: cookie, cookie } })],
    ['an apostrophe, which parsers of addresses escape', () => get(`${ways.client.authorizePath()}&x='`)],
    ['braces', () => get(`${ways.client.authorizePath()}&x={}`)],
    ['a slash more', () => get(ways.client.authorizePath().replace('authorize?', 'authorize/?'))],
    ['a path that is escaped', () => get(ways.client.authorizePath().replace('authorize', '%61uthorize'))],
    ['a form with a query', () => post('/oauth/authorize/consent?a=b', { request: 'a=b' })],
    ['a form beyond ASCII', () => ({ ...post('/oauth/authorize/consent', {}), body: 'request=é' })],
    ['a form where there is none', () => post('/oauth/authorize', {})],
    ['a page where there is none', () => get('/oauth/authorize/company')],
  ])('left to the routes: %s', async (_what, sent) => {
    const { direct } = ways
    await ways.overTheLine(sent())
    expect(ways.direct).toBe(direct)
  })

  it.each([
    ['an internal error', new Error('an internal error'), 500],
    ['a database that is not available', new StoreUnavailable('the database is not available'), 503],
    ['a commit whose outcome is unknown', new OutcomeUnknown('lost'), 503],
  ])('a failure is answered with the page that its route shows, and logged: %s', async (_what, error, status) => {
    const fields = { ...fieldsOf((await reachConsent()).body), decision: 'allow' }
    Object.assign(ways.provider.runtime.store, { write: () => Promise.reject(error) })
    expect((await ways.both(post('/oauth/authorize/consent', fields))).status).toBe(status)
    const path = '/oauth/authorize/consent'
    expect(ways.logged.filter(line => line.level === 50 && line.path === path)).toHaveLength(2)
  })

  it('each page is logged and counted with its route, without its query', async () => {
    await ways.overTheLine(authorize())
    const lines = ways.logged.filter(line => line.path === '/oauth/authorize' && line.status !== undefined)
    expect(lines.at(-1)).toMatchObject({ method: 'GET', status: 200 })
    expect(JSON.stringify(ways.logged)).not.toContain('redirect_uri')
    const counted = ways.provider.runtime.metrics.requests.metrics()[0]!.values()
    expect(counted).toContainEqual({ labels: { route: '/oauth/authorize', method: 'GET', status: 200 }, value: 1 })
  })

  it('pages count against the network that the proxy in front names', async () => {
    await startAnother({ rateLimits: { authorize: { address: 3 } } })
    const from = (address: string) => get(ways.client.authorizePath(), { 'X-Forwarded-For': address })
    const left = []
    for (let each = 0; each < 3; each++) {
      left.push((await ways.overTheLine(from('203.0.113.7'))).headers['x-ratelimit-remaining'])
    }
    expect(left).toEqual(['2', '1', '0'])
    const refused = await ways.both(from('203.0.113.7'))
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '60'])
    expect((await ways.overTheLine(from('203.0.113.8'))).status).toBe(200)
  })

  it('the platform that says who is signed in is asked, and what it answers itself is sent as it is', async () => {
    const signIn = async (request: Request) => {
      if (request.headers.get('x-platform') === 'bond') return { user_id: BOND }
      const headers = new Headers({ Location: '/platform/sign-in', 'X-Of-Platform': 'yes' })
      headers.append('Set-Cookie', 'a=1')
      headers.append('Set-Cookie', 'b=2')
      return new Response('to the platform', { status: 307, headers })
    }
    await startAnother({ login: { signIn } })
    cookie = 'a=b'
    const { status, headers, body } = await ways.both(authorize())
    expect([status, headers['x-of-platform'], body]).toEqual([307, 'yes', 'to the platform'])
    ways.line.write(`GET ${ways.client.authorizePath()} HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\n\r\n`)
    await expect.poll(() => ways.line.received).toMatch(/^HTTP.*\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n/is)
    await ways.line.answer()
    const page = await ways.overTheLine(get(ways.client.authorizePath(), { 'X-Platform': 'bond' }))
    expect([page.status, page.body.includes('Universal Exports')]).toEqual([200, true])
  })

  it('below the path of an origin pages are for the routes, which change their addresses', async () => {
    await startAnother({ origin: 'https://example.com/id' })
    const { direct } = ways
    const page = await ways.overTheLine({ path: `/id${ways.client.authorizePath()}` })
    expect([page.status, page.body.includes('action="/id/'), ways.direct]).toEqual([200, true, direct])
  })
})
