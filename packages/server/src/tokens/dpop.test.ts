import { createResourceServer, setApp } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { Client, pkcePair, type TokenAnswer } from '../../../../tests/support/client.ts'
import { answerOf } from '../../../../tests/support/person.ts'
import { Prover } from '../../../../tests/support/prover.ts'
import { CALLBACK, HOUR, MI6, MINUTE, ORIGIN } from '../../../../tests/support/provider.ts'
import { provider, client as registered, useProvider } from '../../../../tests/support/provider-of-test.ts'

const TOKEN_URL = `${ORIGIN}/oauth/token`
type Proof = Parameters<Prover['prove']>

describe('DPoP', () => {
  let client: Client
  let prover: Prover

  useProvider()
  beforeEach(async () => {
    client = await provider.registerApp({ scopes: ['base', 'users:read', 'openid'] })
    prover = await Prover.create()
  })

  const now = () => Math.floor(provider.now() / 1000)
  const forToken = (by = prover, wrong?: Proof[1]) => by.prove({ method: 'POST', url: TOKEN_URL, at: now() }, wrong)
  const codeFor = (as = client, parameters = {}) => provider.person().code(as, { company: MI6 }, parameters)

  async function exchange(proof: string | undefined, as = client, more: Record<string, string> = {}, code?: string) {
    const form = {
      grant_type: 'authorization_code',
      code: code ?? (await codeFor(as)),
      redirect_uri: CALLBACK,
      ...more,
    }
    return (await (await as.post('/oauth/token', form, proof ? { DPoP: proof } : {})).json()) as TokenAnswer
  }
  async function refresh(token: string, proof: string | undefined, as = client, more: Record<string, string> = {}) {
    const form = { grant_type: 'refresh_token', refresh_token: token, ...more }
    return (await (await as.post('/oauth/token', form, proof ? { DPoP: proof } : {})).json()) as TokenAnswer
  }
  async function ask(accessToken: string, proof: string | undefined, path = '/users/me', scheme = 'DPoP') {
    const headers = { Authorization: `${scheme} ${accessToken}`, ...(proof && { DPoP: proof }) }
    const answer = await provider.fetch(path, { headers })
    return [answer.status, answer.headers.get('WWW-Authenticate')] as const
  }
  const proofFor = (accessToken: string, path = '/users/me', by = prover, wrong?: Proof[1]) =>
    by.prove({ method: 'GET', url: ORIGIN + path, at: now(), accessToken }, wrong)

  it.each(['ES256', 'ES384', 'Ed25519', 'EdDSA', 'PS256', 'RS256'])(
    '[OA-27] a token bound to a key by %s works with its proof',
    async algorithm => {
      prover = await Prover.create(algorithm)
      const tokens = await exchange(await forToken())
      expect(tokens.token_type).toBe('DPoP')
      for (const path of ['/users/me', '/v1/users/me', '/users', '/oauth/userinfo']) {
        expect([path, await ask(tokens.access_token, await proofFor(tokens.access_token, path), path)]).toEqual([
          path,
          [200, null],
        ])
      }
    },
  )

  it('[OA-27] a bound token is refused without its key: as a bearer token, without a proof, with another key', async () => {
    const { access_token } = await exchange(await forToken())
    const other = await Prover.create()
    expect(await ask(access_token, undefined, '/users/me', 'Bearer')).toEqual([
      401,
      expect.stringContaining('bound to a key'),
    ])
    const attempts = [undefined, await proofFor(access_token, '/users/me', other), 'x', 'a.b.c']
    for (const proof of attempts) {
      const [status, challenge] = await ask(access_token, proof)
      expect([status, challenge?.startsWith('DPoP error=')]).toEqual([401, true])
    }
    expect((await ask(access_token.replace('tny_da_', 'tny_at_'), undefined, '/users/me', 'Bearer'))[0]).toBe(401)
    const bearer = await exchange(undefined)
    expect((await ask(bearer.access_token, await proofFor(bearer.access_token)))[0]).toBe(401)
  })

  it('[OA-27] a proof is good for one request, this one, now', async () => {
    const { access_token } = await exchange(await forToken())
    const good = await proofFor(access_token)
    expect((await ask(access_token, good))[0]).toBe(200)
    expect(await ask(access_token, good)).toEqual([401, expect.stringContaining('used before')])
    const wrongs: Proof[1][] = [
      { claims: { htm: 'POST' } },
      { claims: { htm: undefined } },
      { claims: { htu: `${ORIGIN}/users` } },
      { claims: { htu: 'https://evil.example/users/me' } },
      { claims: { htu: 7 } },
      { claims: { iat: now() - 61 } },
      { claims: { iat: now() + 16 } },
      { claims: { iat: 'now' } },
      { claims: { iat: undefined } },
      { claims: { jti: undefined } },
      { claims: { jti: '' } },
      { claims: { jti: 'x'.repeat(600) } },
      { claims: { ath: undefined } },
      { claims: { ath: 'x' } },
      { header: { typ: 'JWT' } },
      { header: { jwk: undefined } },
      { header: { jwk: (await Prover.create()).jwk } },
      { header: { jwk: { ...prover.jwk, d: 'x' } } },
      { header: { jwk: { kty: 'oct', k: 'x' } } },
      { header: { jwk: 'x' } },
      { header: { jwk: {} } },
    ]
    for (const wrong of wrongs) {
      expect([wrong, (await ask(access_token, await proofFor(access_token, '/users/me', prover, wrong)))[0]]).toEqual([
        wrong,
        401,
      ])
    }
    const accepted: Proof[1][] = [
      { claims: { htu: `${ORIGIN}/users/me?a=b#c` } },
      { claims: { iat: now() - 59 } },
      { claims: { iat: now() + 14 } },
      { claims: { iat: now() + 0.5 } },
    ]
    for (const each of accepted) {
      expect([each, (await ask(access_token, await proofFor(access_token, '/users/me', prover, each)))[0]]).toEqual([
        each,
        200,
      ])
    }
  })

  it('[OA-27] the same proof at once many times is taken once', async () => {
    const { access_token } = await exchange(await forToken())
    const proof = await proofFor(access_token)
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(access_token, proof)))
    expect(answers.filter(([status]) => status === 200)).toHaveLength(1)
  })

  it('[OA-27] the token endpoint refuses a proof that does not hold, and the code stays good', async () => {
    const code = await codeFor()
    for (const proof of ['x', await proofFor('a token'), await forToken(prover, { claims: { htm: 'GET' } })]) {
      expect(await exchange(proof, client, {}, code)).toMatchObject({ error: 'invalid_dpop_proof' })
    }
    expect(await exchange(await forToken(), client, {}, code)).toMatchObject({ token_type: 'DPoP' })
  })

  it('[OA-27] a refresh token of a public app is bound to its key; that of a confidential one is not', async () => {
    const app = await provider.registerApp({ isPublic: true })
    const { verifier, challenge } = pkcePair()
    const code = await codeFor(app, { code_challenge: challenge, code_challenge_method: 'S256' })
    const bound = await exchange(await forToken(), app, { code_verifier: verifier }, code)
    const other = await Prover.create()
    expect(await refresh(bound.refresh_token, undefined, app)).toMatchObject({ error: 'invalid_grant' })
    expect(await refresh(bound.refresh_token, await forToken(other), app)).toMatchObject({ error: 'invalid_grant' })
    const next = await refresh(bound.refresh_token, await forToken(), app)
    expect(next.token_type).toBe('DPoP')
    expect(await refresh(next.refresh_token, undefined, app)).toMatchObject({ error: 'invalid_grant' })

    const confidential = await exchange(await forToken())
    const moved = await refresh(confidential.refresh_token, await forToken(other))
    expect((await ask(moved.access_token, await proofFor(moved.access_token, '/users/me', other)))[0]).toBe(200)
    expect((await ask(moved.access_token, await proofFor(moved.access_token)))[0]).toBe(401)
  })

  it('[OA-24] a public app whose tokens are bound may retry a refresh for as long as a confidential one', async () => {
    const app = await provider.registerApp({ isPublic: true })
    const { verifier, challenge } = pkcePair()
    const code = await codeFor(app, { code_challenge: challenge, code_challenge_method: 'S256' })
    const { refresh_token } = await exchange(await forToken(), app, { code_verifier: verifier }, code)
    const first = await refresh(refresh_token, await forToken(), app)
    provider.pass(10 * MINUTE)
    expect((await refresh(refresh_token, await forToken(), app)).access_token).toBe(first.access_token)
    provider.pass(12 * HOUR)
    expect(await refresh(refresh_token, await forToken(), app)).toMatchObject({ refresh_token: first.refresh_token })
  })

  it('[OA-24] a refresh that is retried with another key gives a token for that key, and the first stays as it is', async () => {
    const { refresh_token } = await exchange(await forToken())
    const other = await Prover.create()
    const [first, second] = [
      await refresh(refresh_token, await forToken()),
      await refresh(refresh_token, await forToken(other)),
    ]
    expect(second.access_token).not.toBe(first.access_token)
    expect((await ask(second.access_token, await proofFor(second.access_token)))[0]).toBe(401)
    expect((await ask(second.access_token, await proofFor(second.access_token, '/users/me', other)))[0]).toBe(200)
  })

  it('[OA-27] a code can be bound to a key beforehand, in the address and by a pushed request', async () => {
    const other = await Prover.create()
    const bound = await codeFor(client, { dpop_jkt: prover.thumbprint })
    expect(await exchange(await forToken(other), client, {}, bound)).toMatchObject({ error: 'invalid_grant' })
    expect(await exchange(undefined, client, {}, bound)).toMatchObject({ error: 'invalid_grant' })
    expect(await exchange(await forToken(), client, {}, bound)).toMatchObject({ token_type: 'DPoP' })
    const malformed = answerOf(await provider.person().request(client.authorizePath({ dpop_jkt: 'x' })))
    expect(malformed.searchParams.get('error')).toBe('invalid_request')

    const push = async (proof: string, more = {}) => {
      const form = { redirect_uri: CALLBACK, response_type: 'code', ...more }
      return (await (await client.post('/oauth/par', form, { DPoP: proof })).json()) as Record<string, string>
    }
    const proof = () => prover.prove({ method: 'POST', url: `${ORIGIN}/oauth/par`, at: now() })
    expect(await push(await proof(), { dpop_jkt: other.thumbprint })).toMatchObject({ error: 'invalid_dpop_proof' })
    const { request_uri } = await push(await proof())
    const person = provider.person()
    const path = `/oauth/authorize?${new URLSearchParams({ client_id: client.id, request_uri: request_uri! })}`
    let page = await person.signIn(undefined, undefined, await person.open(path))
    page = await person.submitAndFollow(page, { company_id: String(MI6) })
    const code = answerOf(await person.submit(page, { decision: 'allow' })).searchParams.get('code')!
    expect(await exchange(await forToken(other), client, {}, code)).toMatchObject({ error: 'invalid_grant' })
  })

  it('[OA-27] an app can be held to bound tokens', async () => {
    await setApp(provider.runtime, client.id, { requireDpop: true })
    const code = await codeFor()
    expect(await exchange(undefined, client, {}, code)).toMatchObject({ error: 'invalid_dpop_proof' })
    const { refresh_token } = await exchange(await forToken(), client, {}, code)
    expect(await refresh(refresh_token, undefined)).toMatchObject({ error: 'invalid_dpop_proof' })
  })

  it('[OA-65] introspection says which key a token is bound to, and revocation ends it', async () => {
    const { access_token } = await exchange(await forToken())
    const cnf = { jkt: prover.thumbprint }
    expect(await (await client.introspect(access_token)).json()).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf,
    })
    await client.revoke(access_token)
    expect((await ask(access_token, await proofFor(access_token)))[0]).toBe(401)

    const { resourceServer, clientSecret } = await createResourceServer(provider.runtime, {
      name: 'Notes',
      identifier: 'https://notes.example',
      scopes: { 'notes:read': { en: 'Read notes' } },
    })
    const app = await provider.registerApp({ scopes: ['notes:read'] })
    const code = await codeFor(app, { resource: 'https://notes.example' })
    const forNotes = await exchange(await forToken(), app, {}, code)
    const server = new Client(provider.fetch, resourceServer.clientId, clientSecret, CALLBACK)
    expect(await (await server.introspect(forNotes.access_token)).json()).toMatchObject({ active: true, cnf })
    expect((await ask(forNotes.access_token, await proofFor(forNotes.access_token)))[0]).toBe(401)
  })
})

describe('DPoP with nonces', () => {
  useProvider(() => ({ dpopNonces: true }))

  it('[OA-27] with nonces a proof holds the one that was given last, and cannot be made beforehand', async () => {
    const prover = await Prover.create()
    const at = () => Math.floor(provider.now() / 1000)
    const claims = (nonce: string | null) => (nonce === null ? {} : { claims: { nonce } })
    const code = await provider.person().code(registered, { company: MI6 })
    const post = async (nonce: string | null) => {
      const DPoP = await prover.prove({ method: 'POST', url: TOKEN_URL, at: at() }, claims(nonce))
      const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK }
      const answer = await registered.post('/oauth/token', form, { DPoP })
      return { nonce: answer.headers.get('DPoP-Nonce'), body: (await answer.json()) as TokenAnswer }
    }
    const first = await post(null)
    expect([first.body.error, first.nonce]).toEqual(['use_dpop_nonce', expect.any(String)])
    expect((await post('x')).body.error).toBe('use_dpop_nonce')
    provider.pass(3 * MINUTE)
    const late = await post(first.nonce)
    expect(late.body.error).toBe('use_dpop_nonce')
    provider.pass(MINUTE)
    const { access_token } = (await post(late.nonce)).body

    const ask = async (nonce: string | null) => {
      const about = { method: 'GET', url: `${ORIGIN}/users/me`, at: at(), accessToken: access_token }
      const DPoP = await prover.prove(about, claims(nonce))
      return provider.fetch('/users/me', { headers: { Authorization: `DPoP ${access_token}`, DPoP } })
    }
    const refused = await ask(null)
    expect([refused.status, refused.headers.get('WWW-Authenticate')]).toEqual([
      401,
      expect.stringContaining('error="use_dpop_nonce"'),
    ])
    expect((await ask(refused.headers.get('DPoP-Nonce'))).status).toBe(200)
  })
})
