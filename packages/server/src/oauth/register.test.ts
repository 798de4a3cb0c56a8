import { createResourceServer, type TenantryOptions } from 'tenantry'
import { afterEach, describe, expect, it } from 'vitest'
import { Client, pkcePair } from '../../../../tests/support/client.ts'
import { answerOf } from '../../../../tests/support/person.ts'
import { DAY, HOUR, MI6, startProvider, type TestProvider } from '../../../../tests/support/provider.ts'
import { findRegisteredApp } from '../apps/apps.ts'
import { deleteExpired } from '../store/queries/expired.ts'

type Json = Record<string, unknown> & { client_id: string; registration_access_token: string }
const REDIRECT_URI = 'http://127.0.0.1/callback'

describe('dynamic registration', () => {
  let provider: TestProvider

  const start = async (options: Partial<TenantryOptions> = { registration: 'open' }) => {
    provider = await startProvider({ localCallbacks: false, ...options })
  }
  afterEach(() => provider.close())

  async function post(metadata: unknown, headers: Record<string, string> = {}) {
    const answer = await provider.fetch('/oauth/register', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: typeof metadata === 'string' ? metadata : JSON.stringify(metadata),
    })
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Json }
  }
  const metadata = (more: object = {}) => ({ redirect_uris: [REDIRECT_URI], client_name: 'An agent', ...more })
  async function authorize({ client_id }: Json, more = {}) {
    const client = new Client(provider.fetch, client_id, null, 'http://127.0.0.1:5999/callback')
    const { verifier, challenge } = pkcePair()
    const parameters = { code_challenge: challenge, code_challenge_method: 'S256', ...more }
    const person = provider.person()
    const page = await person.reachConsent(client, { company: MI6 }, parameters)
    return { client, person, page, verifier }
  }
  const exists = async ({ client_id }: Json) => (await findRegisteredApp(provider.runtime, client_id)) !== undefined

  it('[OA-63] registration is off by default, and then the metadata does not offer it', async () => {
    await start({})
    expect(await post(metadata())).toMatchObject({ status: 403, body: { error: 'access_denied' } })
    const document = await (await provider.fetch('/.well-known/oauth-authorization-server')).json()
    expect(document).not.toHaveProperty('registration_endpoint')
  })

  it('[OA-63] registration with an initial access token needs that one', async () => {
    const registrationToken = 'an initial access token of the tests'
    await start({ registration: 'token', registrationToken })
    for (const wrong of [
      undefined,
      'Bearer',
      'Bearer x',
      `Basic ${registrationToken}`,
      `Bearer ${registrationToken}x`,
    ]) {
      expect(await post(metadata(), wrong ? { Authorization: wrong } : {})).toMatchObject({ status: 401 })
    }
    const allowed = await post(metadata(), { Authorization: `Bearer ${registrationToken.replaceAll(' ', ' ')}` })
    expect(allowed.status).toBe(401)
    await provider.close()
    const token = 'an-initial-access-token-of-the-tests'
    await start({ registration: 'token', registrationToken: token })
    expect(await post(metadata(), { Authorization: `Bearer ${token}` })).toMatchObject({ status: 201 })
  })

  it('[OA-63] an app that registers itself is public and must use PKCE, whatever it asks for', async () => {
    await start()
    const asked = { token_endpoint_auth_method: 'client_secret_basic', grant_types: ['authorization_code', 'password'] }
    const { status, body, headers } = await post(metadata(asked))
    expect([status, headers.get('Cache-Control')]).toEqual([201, 'no-store'])
    expect(body).toMatchObject({
      client_name: 'An agent',
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
    })
    expect(body).not.toHaveProperty('client_secret')
    const withoutPkce = new Client(provider.fetch, body.client_id, null, REDIRECT_URI)
    const answer = await provider.person().request(withoutPkce.authorizePath())
    expect(answer.headers.get('Location')).toContain('invalid_request')
    const { client, person, page, verifier } = await authorize(body)
    const code = answerOf(await person.submit(page, { decision: 'allow' })).searchParams.get('code')!
    expect(await client.tokens(code)).toMatchObject({ error: 'invalid_grant' })
    const again = await authorize(body)
    const next = answerOf(await again.person.submit(again.page, { decision: 'allow' })).searchParams.get('code')!
    const tokens = await client.tokens(next, { code_verifier: again.verifier })
    expect((await client.me(tokens.access_token)).status).toBe(200)
    expect(verifier).not.toBe(again.verifier)
  })

  it('[OA-63] registration gives no scope that is not open to all', async () => {
    await start({ registration: 'open', scopes: { 'deals:write': { en: 'Write deals' } } })
    await createResourceServer(provider.runtime, {
      name: 'Desk',
      identifier: 'https://desk.example',
      scopes: { 'desk:use': { en: 'Use the desk' } },
    })
    const all = (await post(metadata())).body
    expect(all.scope).toBe('base openid profile email phone offline_access desk:use')
    const asked = (await post(metadata({ scope: 'desk:use deals:write users:read nonsense' }))).body
    expect(asked.scope).toBe('desk:use')
    await provider.close()
    await start({ registration: 'open', registrationScopes: ['openid'] })
    expect((await post(metadata())).body.scope).toBe('openid')
  })

  it('[OA-16] the consent page says that such an app registered itself, and it is asked for each time', async () => {
    await start()
    const { page } = await authorize((await post(metadata())).body)
    expect(page.text).toContain('This app registered itself. No one here has checked who makes it')
    const known = await provider.registerApp()
    expect((await provider.person().reachConsent(known, { company: MI6 })).text).not.toContain('registered itself')
  })

  it('[OA-63] an app that no one allows is deleted after a day; one that someone allowed stays', async () => {
    await start()
    const [unused, used] = [(await post(metadata())).body, (await post(metadata())).body]
    const person = provider.person()
    const client = new Client(provider.fetch, used.client_id, null, REDIRECT_URI)
    const { challenge } = pkcePair()
    await person.code(client, { company: MI6 }, { code_challenge: challenge, code_challenge_method: 'S256' })
    provider.pass(DAY + HOUR)
    await deleteExpired(provider.runtime.store, provider.now())
    expect([await exists(unused), await exists(used)]).toEqual([false, true])
    provider.pass(100 * DAY)
    await deleteExpired(provider.runtime.store, provider.now())
    expect(await exists(used)).toBe(true)
  })

  it('[OA-63] a network that registers too many apps is told to wait', async () => {
    await start({ registration: 'open', rateLimits: { register: { address: 3 } } })
    const from = (address: string) => {
      const env = { incoming: { socket: { remoteAddress: address } } }
      const init = { method: 'POST', body: JSON.stringify(metadata()) }
      return provider.tenantry.fetch(new Request('http://localhost:4040/oauth/register', init), env)
    }
    const statuses = []
    for (let round = 0; round < 4; round++) statuses.push((await from('198.51.100.7')).status)
    expect(statuses).toEqual([201, 201, 201, 429])
    expect((await from('203.0.113.5')).status).toBe(201)
  })

  it('metadata that makes no sense is refused with what is wrong, and nothing is registered', async () => {
    await start()
    const cases = [
      ['{', 'invalid_client_metadata', 'Send the metadata as JSON.'],
      ['[]', 'invalid_client_metadata', 'must be an object'],
      [{}, 'invalid_redirect_uri', 'redirect_uris: is missing'],
      [metadata({ redirect_uris: [] }), 'invalid_redirect_uri', 'redirect_uris'],
      [metadata({ redirect_uris: ['http://app.example/x'] }), 'invalid_redirect_uri', 'must use https'],
      [metadata({ redirect_uris: ['javascript:alert(1)'] }), 'invalid_redirect_uri', 'cannot be redirected to'],
      [metadata({ redirect_uris: ['https://app.example/*'] }), 'invalid_redirect_uri', 'match exactly'],
      [metadata({ grant_types: ['client_credentials'] }), 'invalid_client_metadata', 'authorization_code'],
      [metadata({ response_types: ['token'] }), 'invalid_client_metadata', 'code'],
      [metadata({ scope: 'a"b' }), 'invalid_client_metadata', 'scope'],
      [metadata({ client_name: 7 }), 'invalid_client_metadata', 'client_name: must be a string'],
    ] as const
    for (const [given, error, words] of cases) {
      const { status, body } = await post(given)
      expect([given, status, body.error]).toEqual([given, 400, error])
      expect(body.error_description).toContain(words)
    }
    const rows = await provider.runtime.store.db.selectFrom('apps').select('client_id').execute()
    expect(rows).toEqual([])
  })

  it('an app reads, replaces and deletes its registration with its own token alone (RFC 7592)', async () => {
    await start()
    const [one, other] = [(await post(metadata())).body, (await post(metadata())).body]
    const manage = (method: string, token: string, body?: object) =>
      provider.fetch(`/oauth/register/${one.client_id}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      })
    for (const wrong of ['', 'x', other.registration_access_token]) {
      for (const method of ['GET', 'PUT', 'DELETE']) expect((await manage(method, wrong)).status).toBe(401)
    }
    const token = one.registration_access_token
    expect(await (await manage('GET', token)).json()).toEqual(one)
    const replaced = await manage('PUT', token, metadata({ client_name: 'Another name', scope: 'openid' }))
    expect(await replaced.json()).toMatchObject({
      client_id: one.client_id,
      client_name: 'Another name',
      scope: 'openid',
    })
    expect((await manage('PUT', token, { redirect_uris: ['x'] })).status).toBe(400)
    expect((await manage('DELETE', token)).status).toBe(204)
    expect([await exists(one), await exists(other)]).toEqual([false, true])
    expect((await manage('GET', token)).status).toBe(401)
  })

  it('an app that an operator registered cannot be managed by it', async () => {
    await start()
    const app = await provider.registerApp()
    const headers = { Authorization: 'Bearer ' }
    expect((await provider.fetch(`/oauth/register/${app.id}`, { headers })).status).toBe(401)
  })
})
