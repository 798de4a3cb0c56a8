import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Prover } from './support/prover.ts'
import { MI6, ORIGIN, startProvider, type TestProvider } from './support/provider.ts'
import { ASSERTION_TYPE, SigningClient } from './support/signing-client.ts'

/** What comes as JSON or as a JWT, from anyone: the answer is clear, and never an internal error. */
describe('hostile documents and JWTs', () => {
  let provider: TestProvider
  let app: SigningClient
  let prover: Prover
  let accessToken: string
  let host: Server
  let document: string

  beforeAll(async () => {
    provider = await startProvider({ metadataDocuments: true, registration: 'open' })
    app = await SigningClient.create(provider)
    prover = await Prover.create()
    const client = await provider.registerApp()
    accessToken = (await client.tokens(await provider.person().code(client, { company: MI6 }))).access_token
    host = createServer((_, response) => response.end(document)).listen(0, '127.0.0.1')
    await new Promise(resolve => host.once('listening', resolve))
  })
  afterAll(async () => {
    host.close()
    await provider.close()
  })

  const part = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url')
  const algorithm = fc.constantFrom('none', 'HS256', 'ES256', 'RS256', 'PS256', 'EdDSA', 'nonsense', 1, null)
  const header = fc.record(
    {
      alg: algorithm,
      typ: fc.jsonValue(),
      kid: fc.jsonValue(),
      jwk: fc.jsonValue(),
      crit: fc.jsonValue(),
      jku: fc.webUrl(),
    },
    { requiredKeys: [] },
  )
  const claims = fc.dictionary(
    fc.constantFrom(
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'nbf',
      'jti',
      'htm',
      'htu',
      'ath',
      'nonce',
      'client_id',
      'scope',
    ),
    fc.oneof(fc.jsonValue(), fc.constantFrom(ORIGIN, 'POST', 'GET', 1e308, -1, Number.MAX_SAFE_INTEGER)),
  )
  /** Built from nothing, or a good one with something else in its place. */
  const jwts = (good: string) =>
    fc.oneof(
      fc.tuple(header, claims, fc.base64String({ maxLength: 90 })).map(([head, body, signature]) => {
        return `${part(head)}.${part(body)}.${signature}`
      }),
      fc.tuple(fc.nat(good.length - 1), fc.nat(good.length - 1)).map(([from, length]) => {
        return good.slice(0, from) + good.slice(from + length)
      }),
      fc.tuple(fc.nat(2), fc.jsonValue()).map(([index, value]) => {
        return good
          .split('.')
          .map((each, at) => (at === index ? part(value) : each))
          .join('.')
      }),
      fc.string({ unit: fc.constantFrom('.', 'e', 'y', 'J', '_', '-', '=', '%') }),
    )

  const form = (body: Record<string, string>, headers: Record<string, string> = {}) => ({
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(body).toString(),
  })

  it('no client assertion is an error of ours', async () => {
    await fc.assert(
      fc.asyncProperty(jwts(await app.assertion()), async assertion => {
        const body = { grant_type: 'refresh_token', client_assertion_type: ASSERTION_TYPE, client_assertion: assertion }
        const { status } = await provider.fetch('/oauth/token', form(body))
        expect(status).toBeOneOf([400, 401])
      }),
      { numRuns: 400 },
    )
  })

  it('no DPoP proof is an error of ours, at the token endpoint and at the API', async () => {
    const good = await prover.prove({
      method: 'GET',
      url: `${ORIGIN}/users/me`,
      at: provider.now() / 1000,
      accessToken,
    })
    await fc.assert(
      fc.asyncProperty(jwts(good), async proof => {
        const body = { grant_type: 'refresh_token', client_id: app.id }
        const { status } = await provider.fetch('/oauth/token', form(body, { DPoP: proof }))
        expect(status).toBeOneOf([400, 401])
        for (const scheme of ['DPoP', 'Bearer']) {
          const headers = { Authorization: `${scheme} ${accessToken}`, DPoP: proof }
          expect((await provider.fetch('/users/me', { headers })).status).toBeOneOf([200, 400, 401])
        }
      }),
      { numRuns: 300 },
    )
  })

  it('no ID token hint is an error of ours', async () => {
    await fc.assert(
      fc.asyncProperty(jwts(await app.assertion()), async hint => {
        for (const path of ['/oauth/authorize', '/oauth/logout']) {
          const query = new URLSearchParams({ id_token_hint: hint, client_id: app.id, scope: 'openid' })
          expect((await provider.fetch(`${path}?${query}`)).status).toBeLessThan(500)
        }
      }),
      { numRuns: 200 },
    )
  })

  const member = fc.constantFrom(
    ...['client_id', 'client_name', 'redirect_uris', 'scope', 'grant_types', 'response_types', 'client_uri', 'jwks'],
    ...['token_endpoint_auth_method', 'post_logout_redirect_uris', 'id_token_signed_response_alg', 'policy_uri'],
  )
  const metadata = fc.dictionary(
    member,
    fc.oneof(
      fc.jsonValue(),
      fc.array(
        fc.oneof(fc.webUrl(), fc.string(), fc.constantFrom('javascript:alert(1)', 'authorization_code', 'code')),
      ),
    ),
  )

  it('no metadata that an app registers itself with is an error of ours', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(metadata, fc.jsonValue()), async body => {
        const request = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
        expect((await provider.fetch('/oauth/register', request)).status).toBeOneOf([201, 400])
      }),
      { numRuns: 300 },
    )
  })

  it('[OA-62] no client ID metadata document is an error of ours', async () => {
    let count = 0
    const documents = fc.oneof(
      metadata.map(each => JSON.stringify(each)),
      fc.jsonValue().map(each => JSON.stringify(each)),
      fc.string({ unit: 'binary' }),
    )
    await fc.assert(
      fc.asyncProperty(documents, fc.boolean(), async (text, isItsOwn) => {
        // One that failed is not read again for a while.
        count += 1
        const clientId = `http://127.0.0.1:${(host.address() as AddressInfo).port}/agents/${count}.json`
        document = isItsOwn ? text.replace(/^\{/, `{"client_id":${JSON.stringify(clientId)},`) : text
        const query = new URLSearchParams({ client_id: clientId, redirect_uri: 'https://agent.example/callback' })
        expect((await provider.fetch(`/oauth/authorize?${query}`)).status).toBeLessThan(500)
      }),
      { numRuns: 200 },
    )
  })
})
