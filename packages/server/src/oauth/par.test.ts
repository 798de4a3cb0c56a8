import { setApp } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { pkcePair } from '../../../../tests/support/client.ts'
import { answerOf, type Person } from '../../../../tests/support/person.ts'
import { CALLBACK, HOUR, MI6, SECOND, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { deleteExpired } from '../store/queries/expired.ts'

describe('POST /oauth/par', () => {
  useProvider()

  async function push(parameters: Record<string, string> = {}, as = client) {
    const answer = await as.post('/oauth/par', { response_type: 'code', redirect_uri: CALLBACK, ...parameters })
    const body = (await answer.json()) as Record<string, string>
    return { status: answer.status, body, cache: answer.headers.get('Cache-Control') }
  }
  const pathOf = (requestUri: string, more: Record<string, string> = {}) =>
    `/oauth/authorize?${new URLSearchParams({ client_id: client.id, request_uri: requestUri, ...more })}`
  async function reachConsent(requestUri: string, who: Person = person, company = MI6) {
    let page = await who.open(pathOf(requestUri))
    if (page.document.querySelector('main input[name=password]')) page = await who.signIn(undefined, undefined, page)
    if (page.document.querySelector('main input[name=company_id]')) {
      page = await who.submitAndFollow(page, { company_id: String(company) })
    }
    return page
  }
  let requestUri: string

  beforeEach(async () => {
    requestUri = (await push({ scope: 'base', state: 's' })).body.request_uri!
  })

  it('[OA-60] a pushed request is answered as it was pushed, with its state, whatever else is in the address', async () => {
    const { challenge, verifier } = pkcePair()
    const pushed = await push({ scope: 'base', state: 'a&b', code_challenge: challenge, code_challenge_method: 'S256' })
    expect(pushed).toMatchObject({ status: 201, cache: 'no-store', body: { expires_in: 90 } })
    const path = pathOf(pushed.body.request_uri!, {
      ...{ scope: 'base users:read', state: 'evil', redirect_uri: 'https://evil.example', prompt: 'none' },
    })
    let page = await person.signIn(undefined, undefined, await person.open(path))
    page = await person.submitAndFollow(page, { company_id: String(UNIVERSAL_EXPORTS) })
    const answer = answerOf(await person.submit(page, { decision: 'allow' }))
    expect([answer.origin + answer.pathname, answer.searchParams.get('state')]).toEqual([CALLBACK, 'a&b'])
    const tokens = await client.tokens(answer.searchParams.get('code')!, { code_verifier: verifier })
    expect(tokens.scope).toBe('base')
  })

  it('[OA-60] the pages hold nothing of what was pushed', async () => {
    const { body } = await push({ scope: 'base', state: 'confidential-state', login_hint: 'someone@secret.example' })
    const page = await person.open(pathOf(body.request_uri!))
    const consent = await reachConsent(body.request_uri!)
    expect(page.html).not.toContain('confidential-state')
    expect(consent.html).not.toContain('confidential-state')
    expect(consent.html).not.toContain('secret.example')
  })

  it('[OA-60] a pushed request is answered once', async () => {
    const page = await reachConsent(requestUri)
    const first = await person.submit(page, { decision: 'allow' })
    expect(answerOf(first).searchParams.get('code')).toBeTruthy()
    expect((await person.submit(page, { decision: 'allow' })).status).toBe(400)
    expect((await person.open(pathOf(requestUri))).status).toBe(400)
  })

  it('[OA-60] two answers at once give one code', async () => {
    const page = await reachConsent(requestUri)
    const answers = await Promise.all([1, 2, 3].map(() => person.submit(page, { decision: 'allow' })))
    const codes = answers.filter(answer => answer.headers.get('Location')?.includes('code='))
    expect(codes).toHaveLength(1)
  })

  it('[OA-60] a pushed request is for its client alone', async () => {
    const other = await provider.registerApp()
    const stolen = `/oauth/authorize?${new URLSearchParams({ client_id: other.id, request_uri: requestUri })}`
    expect((await person.open(stolen)).status).toBe(400)
    for (const unknown of [
      'x',
      'urn:ietf:params:oauth:request_uri:x',
      `${requestUri}x`,
      'https://app.example/request',
    ]) {
      expect((await person.open(pathOf(unknown))).status).toBe(400)
    }
    expect((await reachConsent(requestUri)).text).toContain('Allow')
  })

  it('[OA-60] a pushed request is good for 90 seconds, and then as long as a person takes', async () => {
    provider.pass(90 * SECOND - 1)
    await person.open(pathOf(requestUri))
    provider.pass(HOUR - 1)
    const page = await reachConsent(requestUri)
    expect(page.text).toContain('Allow')
    provider.pass(1)
    expect((await person.submit(page, { decision: 'allow' })).status).toBe(400)
    const late = (await push()).body.request_uri!
    provider.pass(90 * SECOND)
    const refused = await person.open(pathOf(late))
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('not valid any more')])
  })

  it('[OA-60] a pushed request belongs to the browser that began it', async () => {
    const page = await reachConsent(requestUri)
    const thief = provider.person()
    expect((await thief.open(pathOf(requestUri))).status).toBe(400)
    expect(answerOf(await person.submit(page, { decision: 'allow' })).searchParams.get('code')).toBeTruthy()
  })

  it('[OA-60] prompt=login and max_age of a pushed request ask once', async () => {
    await person.signIn()
    provider.pass(10 * SECOND)
    const requests: Record<string, string>[] = [{ prompt: 'login' }, { max_age: '0' }]
    for (const asked of requests) {
      const app = await provider.registerApp({ scopes: ['openid', 'base'] })
      const { body } = await push({ ...asked, scope: 'openid base' }, app)
      const path = `/oauth/authorize?${new URLSearchParams({ client_id: app.id, request_uri: body.request_uri! })}`
      const page = await person.open(path)
      expect(page.document.querySelector('main input[name=password]')).not.toBeNull()
      const next = await person.signIn(undefined, undefined, page)
      expect(next.document.querySelector('main input[name=company_id]')).not.toBeNull()
      provider.pass(10 * SECOND)
    }
  })

  it('[OA-60] an app can be held to pushed requests', async () => {
    await setApp(provider.runtime, client.id, { requirePar: true })
    const answer = answerOf(await person.request(client.authorizePath()))
    expect(answer.searchParams.get('error_description')).toContain('must push')
    expect((await reachConsent((await push()).body.request_uri!)).text).toContain('Allow')
  })

  it('[OA-20] pushing needs the credentials of the client, and none of them are kept', async () => {
    const form = new URLSearchParams({ redirect_uri: CALLBACK, client_id: client.id })
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const post = (body: URLSearchParams) =>
      provider.fetch('/oauth/par', { method: 'POST', headers, body: body.toString() })
    expect((await post(form)).status).toBe(401)
    form.set('client_secret', client.secret!)
    expect((await post(form)).status).toBe(201)
    const rows = await provider.runtime.store.db.selectFrom('pushed_requests').select('query').execute()
    expect(rows.filter(({ query }) => query.includes(client.secret!))).toEqual([])
  })

  it('[OA-60] mistakes are told at once, and not to the person', async () => {
    const mistakes: [Record<string, string>, string][] = [
      [{ redirect_uri: 'https://evil.example' }, 'redirect_uri: it is not registered for this app.'],
      [{ scope: 'unknown' }, 'The app is not registered for all of these scopes.'],
      [{ request_uri: requestUri }, 'request_uri: send the parameters themselves.'],
      [{ response_type: 'token' }, 'Only the response type "code" is supported.'],
      [{ code_challenge: 'x', code_challenge_method: 'plain' }, 'S256'],
      [{ resource: 'https://unknown.example' }, 'no resource server'],
    ]
    for (const [parameters, words] of mistakes) {
      const { status, body } = await push(parameters)
      expect([parameters, status, body.error_description]).toEqual([parameters, 400, expect.stringContaining(words)])
    }
    expect((await provider.fetch('/oauth/par')).status).toBe(405)
  })

  it('requests that no browser came with are cleaned up', async () => {
    provider.pass(48 * HOUR)
    await deleteExpired(provider.runtime.store, provider.now())
    expect(await provider.runtime.store.db.selectFrom('pushed_requests').select('client_id').execute()).toEqual([])
  })
})
