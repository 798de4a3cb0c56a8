import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { setDisabled } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Client, TokenAnswer } from '../../../../tests/support/client.ts'
import { CALLBACK, MI6, ORIGIN, startProvider } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'

describe('POST /oauth/token', () => {
  let code: string

  useProvider()
  beforeEach(async () => {
    code = await person.code(client, { company: MI6 })
  })

  const post = (body: string, headers: Record<string, string> = {}, path = '/oauth/token') =>
    provider.fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
      body,
    })
  const basic = (id: string, secret: string) => ({
    Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  })
  const grant = () => new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK })
  const errorOf = async (answer: Response) => [answer.status, ((await answer.json()) as TokenAnswer).error]

  it('the token endpoint answers with the documented fields only', async () => {
    const answer = await client.exchange(code)
    expect(answer.status).toBe(200)
    expect((await answer.json()) as unknown).toEqual({
      access_token: expect.stringMatching(/^tny_at_1_[0-9a-f]{56}$/),
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: expect.stringMatching(/^tny_rt_1_[0-9a-f]{56}$/),
      scope: 'base users:read',
      api_domain: ORIGIN,
    })
  })

  it('the token endpoint answers with a trailing slash too', async () => {
    const answer = await post(String(grant()), basic(client.id, client.secret!), '/oauth/token/')
    expect(answer.status).toBe(200)
  })

  it('the token endpoint puts the company’s domain into api_domain where that is configured', async () => {
    const other = await startProvider({ apiDomain: 'https://{company_domain}.example.com' })
    const app = await other.registerApp()
    const tokens = await app.tokens(await other.person().code(app, { company: MI6 }))
    expect(tokens.api_domain).toBe('https://casinoroyale.example.com')
    await other.close()
  })

  it('the token endpoint joins scopes with commas on the pipedrive profile', async () => {
    const app = await provider.registerApp({ profile: 'pipedrive' })
    const tokens = await app.tokens(await person.code(app, { company: MI6 }))
    expect(tokens.scope).toBe('base,users:read')
  })

  describe('client authentication', () => {
    it('[OA-20] the token endpoint takes Basic or the body', async () => {
      const form = grant()
      form.set('client_id', client.id)
      form.set('client_secret', client.secret!)
      expect((await post(String(form))).status).toBe(200)
    })

    it('[OA-20] the token endpoint refuses two secrets at once, and a client_id beside Basic that is another', async () => {
      const form = grant()
      form.set('client_secret', client.secret!)
      const headers = basic(client.id, client.secret!)
      expect(await errorOf(await post(String(form), headers))).toEqual([400, 'invalid_request'])
      form.delete('client_secret')
      form.set('client_id', 'another')
      expect(await errorOf(await post(String(form), headers))).toEqual([400, 'invalid_request'])
      form.set('client_id', client.id)
      expect((await post(String(form), headers)).status).toBe(200)
    })

    it.each([
      ['a wrong secret', (c: Client) => basic(c.id, 'wrong')],
      ['an unknown client', (c: Client) => basic('unknown', c.secret!)],
      ['Basic that is no base64', () => ({ Authorization: 'Basic %%%' })],
      ['Basic without a colon', () => ({ Authorization: `Basic ${btoa('justanid')}` })],
      ['another scheme', () => ({ Authorization: 'Bearer abc' })],
    ])('[OA-23] the token endpoint answers %s with 401 and WWW-Authenticate', async (_what, headers) => {
      const answer = await post(String(grant()), headers(client) as Record<string, string>)
      expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Basic /)
      expect(await errorOf(answer)).toEqual([401, 'invalid_client'])
    })

    it('[OA-23] the token endpoint answers wrong credentials in the body with 401', async () => {
      const form = grant()
      form.set('client_id', client.id)
      form.set('client_secret', 'wrong')
      const answer = await post(String(form))
      expect(answer.headers.get('WWW-Authenticate')).toBeNull()
      expect(await errorOf(answer)).toEqual([401, 'invalid_client'])
    })

    it('[OA-20] a confidential client cannot pass as a public one', async () => {
      const form = grant()
      form.set('client_id', client.id)
      expect(await errorOf(await post(String(form)))).toEqual([401, 'invalid_client'])
    })

    it('[OA-20] a public client may send an empty secret, or leave it out', async () => {
      const app = await provider.registerApp({ isPublic: true })
      const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'none', client_id: app.id })
      expect(await errorOf(await post(String(form)))).toEqual([400, 'invalid_grant'])
      expect(await errorOf(await post(`${form}&client_secret=`))).toEqual([400, 'invalid_grant'])
      form.delete('client_id')
      expect(await errorOf(await post(String(form), basic(app.id, '')))).toEqual([400, 'invalid_grant'])
      expect(await errorOf(await post(String(form), basic(app.id, 'x')))).toEqual([401, 'invalid_client'])
      expect(await errorOf(await post(String(form), basic(client.id, '')))).toEqual([401, 'invalid_client'])
    })

    it('[OA-71] the token endpoint refuses two Authorization headers', async () => {
      const { Authorization } = basic(client.id, client.secret!)
      const answer = await post(String(grant()), { Authorization: `${Authorization}, ${Authorization}` })
      expect(await errorOf(answer)).toEqual([400, 'invalid_request'])
    })

    it('[OA-35] the token endpoint refuses a disabled app', async () => {
      await setDisabled(provider.runtime, client.id, true)
      expect(await errorOf(await client.exchange(code))).toEqual([401, 'invalid_client'])
    })

    it('[OA-20] the token endpoint offers private_key_jwt: its own key, for this server, once', async () => {
      const { publicKey, privateKey } = await generateKeyPair('ES256')
      const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'k1' }] }
      const app = await provider.registerApp({ jwks })
      const appCode = await person.code(app, { company: MI6 })
      const sign = (claims: Record<string, unknown> = {}, key = privateKey) =>
        new SignJWT({
          iss: app.id,
          sub: app.id,
          aud: ORIGIN,
          jti: 'one',
          exp: Math.floor(provider.now() / 1000) + 60,
          ...claims,
        })
          .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
          .sign(key)
      const send = async (assertion: string, code = appCode) => {
        const form = new URLSearchParams({
          grant_type: 'authorization_code',
          code,
          redirect_uri: CALLBACK,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
        })
        return post(String(form))
      }
      const attacker = await generateKeyPair('ES256')
      expect(await errorOf(await send(await sign({}, attacker.privateKey)))).toEqual([401, 'invalid_client'])
      expect(await errorOf(await send(await sign({ aud: 'https://other.example' })))).toEqual([401, 'invalid_client'])
      const past = Math.floor(provider.now() / 1000) - 60
      expect(await errorOf(await send(await sign({ exp: past })))).toEqual([401, 'invalid_client'])
      expect(await errorOf(await send(await sign({ exp: undefined })))).toEqual([401, 'invalid_client'])
      expect(await errorOf(await send(await sign({ iss: client.id })))).toEqual([401, 'invalid_client'])
      const now = provider.now() / 1000
      const others = [ORIGIN, 'https://other.example']
      for (const claims of [
        { jti: 7 },
        { jti: ['one'] },
        { jti: {} },
        { jti: true },
        { jti: '' },
        { jti: null },
        { exp: 'soon' },
        { exp: [now + 60] },
        { exp: {} },
        { exp: now + 700 },
        { exp: 1e300 },
        { exp: now - 16 },
        { nbf: 'x' },
        { nbf: now + 16 },
        { iat: 'x' },
        { iat: {} },
        { iat: now + 16 },
        { aud: others },
        { aud: [] },
        { aud: {} },
        { aud: 7 },
        { sub: 7 },
        { sub: [app.id] },
        { iss: [app.id] },
      ]) {
        const answer = await errorOf(await send(await sign(claims as Record<string, unknown>)))
        expect([claims, ...answer]).toEqual([claims, 401, 'invalid_client'])
      }
      // [OA-29] fractions, and clocks that differ by less than 15 seconds; these get as far as the code.
      for (const [index, claims] of [
        { exp: now + 60.5, iat: now + 0.25, nbf: now - 0.5 },
        { exp: now - 14 },
        { exp: now + 612 },
        { iat: now + 14, nbf: now + 14 },
        { aud: [ORIGIN] },
        { aud: [ORIGIN, `${ORIGIN}/oauth/token`] },
      ].entries()) {
        const answer = await errorOf(await send(await sign({ ...claims, jti: `fine ${index}` }), 'no code'))
        expect([claims, ...answer]).toEqual([claims, 400, 'invalid_grant'])
      }
      const assertion = await sign()
      expect((await send(assertion)).status).toBe(200)
      expect(await errorOf(await send(assertion))).toEqual([401, 'invalid_client'])
    })
  })

  it('[OA-21] the token endpoint takes POST and form encoding only', async () => {
    const headers = basic(client.id, client.secret!)
    const get = await provider.fetch(`/oauth/token?${grant()}`, { headers })
    expect([get.status, get.headers.get('Allow')]).toEqual([405, 'POST'])
    const json = JSON.stringify(Object.fromEntries(grant()))
    const answer = await post(json, { ...headers, 'Content-Type': 'application/json' })
    expect(await errorOf(answer)).toEqual([400, 'invalid_request'])
  })

  it('[OA-21] the token endpoint refuses a repeated parameter and a secret in the query', async () => {
    const headers = basic(client.id, client.secret!)
    expect(await errorOf(await post(`${grant()}&code=${code}`, headers))).toEqual([400, 'invalid_request'])
    expect((await post(`${grant()}&unknown=1&unknown=2&resource=${ORIGIN}&resource=${ORIGIN}`, headers)).status).toBe(
      200,
    )
    const form = grant()
    form.set('client_id', client.id)
    const inQuery = await post(String(form), {}, `/oauth/token?client_secret=${client.secret}`)
    expect(await errorOf(inQuery)).toEqual([400, 'invalid_request'])
  })

  it('[OA-22] the token endpoint is not to be kept, errors included', async () => {
    const answers = [await client.exchange(code), await post('grant_type=x'), await provider.fetch('/oauth/token')]
    expect(answers.map(answer => answer.headers.get('Cache-Control'))).toEqual(['no-store', 'no-store', 'no-store'])
  })

  it('[OA-13] the token endpoint has no password grant and no other', async () => {
    for (const grant_type of ['password', 'implicit', 'toString', '__proto__']) {
      const answer = await client.post('/oauth/token', { grant_type, username: 'a', password: 'b' })
      expect(await errorOf(answer)).toEqual([400, 'unsupported_grant_type'])
    }
    expect(await errorOf(await client.post('/oauth/token', {}))).toEqual([400, 'invalid_request'])
  })
})
