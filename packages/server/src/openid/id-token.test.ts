import { createHash } from 'node:crypto'
import {
  type CryptoKey,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  jwtVerify,
  SignJWT,
} from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, pkcePair, type TokenAnswer } from '../../../../tests/support/client.ts'
import { answerOf, type Person } from '../../../../tests/support/person.ts'
import {
  BOND,
  CALLBACK,
  DAY,
  HOUR,
  MI6,
  MINUTE,
  MONEYPENNY,
  MONEYPENNY_EMAIL,
  ORIGIN,
  startProvider,
  type TestProvider,
  UNIVERSAL_EXPORTS,
} from '../../../../tests/support/provider.ts'
import { removeMember, setMember } from '../companies/memberships.ts'
import { rotateKeys } from './rotate-keys.ts'

const SCOPES = ['openid', 'profile', 'email', 'phone', 'base']
type Claims = Record<string, unknown>

describe('ID tokens', () => {
  let provider: TestProvider
  let client: Client
  let bond: Person

  beforeEach(async () => {
    provider = await startProvider()
    client = await provider.registerApp({ scopes: SCOPES })
    bond = provider.person()
  })
  afterEach(() => provider.close())

  const jwks = async () => (await (await provider.fetch('/.well-known/jwks.json')).json()) as JSONWebKeySet

  async function verified(idToken: string, audience = client.id): Promise<Claims> {
    const options = { issuer: ORIGIN, audience, currentDate: new Date(provider.now()) }
    return (await jwtVerify(idToken, createLocalJWKSet(await jwks()), options)).payload
  }

  async function signedIn(parameters = {}, company = MI6, as = client, person = bond) {
    const code = await person.code(as, { company }, { scope: 'openid profile email phone', ...parameters })
    const answer = (await (await as.exchange(code)).json()) as TokenAnswer & { id_token: string }
    return { ...answer, claims: await verified(answer.id_token, as.id) }
  }

  const errorOf = (url: URL) => [url.searchParams.get('error'), url.searchParams.get('error_description')]
  const silently = async (parameters: Record<string, string>, person = bond) =>
    answerOf(await person.request(client.authorizePath({ scope: 'openid', prompt: 'none', ...parameters })))

  it('[OA-51] the ID token names the pair of company and user, and the person as they are at the company', async () => {
    await setMember(provider.runtime, MI6, BOND, { phone: '+44 20 7946 0007', locale: 'zh_Hant_TW' })
    const first = await signedIn({ nonce: 'n-0S6_WzA2Mj' })
    expect(first.claims).toMatchObject({
      iss: ORIGIN,
      aud: client.id,
      sub: `c${MI6}-u${BOND}`,
      company_id: MI6,
      user_id: BOND,
      company_name: 'MI6',
      company_domain: 'casinoroyale',
      nonce: 'n-0S6_WzA2Mj',
      auth_time: Math.floor(provider.now() / 1000),
      amr: ['pwd'],
      acr: '1',
      name: 'James Bond',
      email: 'james.bond@mi6.example',
      email_verified: false,
      phone_number: '+44 20 7946 0007',
      locale: 'zh-Hant-TW',
      zoneinfo: 'Europe/Helsinki',
      is_admin: true,
    })
    const second = await signedIn({}, UNIVERSAL_EXPORTS)
    expect(second.claims).toMatchObject({
      sub: `c${UNIVERSAL_EXPORTS}-u${BOND}`,
      email: 'j.bond@universal-exports.example',
      locale: 'en-GB',
      role_id: 3,
      sid: first.claims.sid,
    })
    expect(second.claims).not.toHaveProperty('nonce')
    expect(second.claims).not.toHaveProperty('phone_number')
  })

  it('[OA-51] the ID token tells what the granted scopes tell, and userinfo the same', async () => {
    const { claims, access_token } = await signedIn({ scope: 'openid email' })
    expect(claims).toHaveProperty('email')
    expect(claims).not.toHaveProperty('name')
    for (const method of ['GET', 'POST']) {
      const headers = { Authorization: `Bearer ${access_token}` }
      const answer = await provider.fetch('/oauth/userinfo', { method, headers })
      expect((await answer.json()) as unknown).toEqual({
        sub: `c${MI6}-u${BOND}`,
        company_id: MI6,
        company_name: 'MI6',
        company_domain: 'casinoroyale',
        user_id: BOND,
        email: 'james.bond@mi6.example',
        email_verified: false,
      })
      expect(answer.headers.get('Cache-Control')).toBe('no-store')
    }
  })

  it('userinfo needs the scope openid, takes no token from a query, and no other method', async () => {
    const { access_token } = await client.tokens(await bond.code(client, { company: MI6 }, { scope: 'base' }))
    const headers = { Authorization: `Bearer ${access_token}` }
    const refused = await provider.fetch('/oauth/userinfo', { headers })
    expect([refused.status, refused.headers.get('WWW-Authenticate')]).toEqual([
      403,
      'Bearer error="insufficient_scope", scope="openid"',
    ])
    expect((await provider.fetch(`/oauth/userinfo?access_token=${access_token}`)).status).toBe(401)
    expect((await provider.fetch('/oauth/userinfo', { method: 'DELETE', headers })).status).toBe(405)
  })

  it('without the scope openid there is no ID token', async () => {
    const answer = await client.tokens(await bond.code(client, { company: MI6 }, { scope: 'profile email' }))
    expect(answer).not.toHaveProperty('id_token')
  })

  it.each([
    ['RS256', 'sha256'],
    ['ES256', 'sha256'],
    ['EdDSA', 'sha512'],
  ] as const)(
    '[OA-51] an app gets its ID tokens by %s, with the hash of the access token',
    async (algorithm, digest) => {
      const app = await provider.registerApp({ scopes: SCOPES, idTokenAlgorithm: algorithm })
      const { id_token, access_token, claims } = await signedIn({}, MI6, app)
      expect(decodeProtectedHeader(id_token)).toMatchObject({ alg: algorithm, typ: 'JWT' })
      const whole = createHash(digest).update(access_token).digest()
      expect(claims.at_hash).toBe(whole.subarray(0, whole.length / 2).toString('base64url'))
    },
  )

  it('[OA-52] the keys that are published have no private part', async () => {
    for (const idTokenAlgorithm of ['RS256', 'ES256', 'EdDSA'] as const) {
      await signedIn({}, MI6, await provider.registerApp({ scopes: SCOPES, idTokenAlgorithm }))
    }
    const { keys } = await jwks()
    expect(keys.map(({ alg }) => alg).sort()).toEqual(['ES256', 'EdDSA', 'RS256'])
    const names = new Set(keys.flatMap(key => Object.keys(key)))
    expect([...names].sort()).toEqual(['alg', 'crv', 'e', 'kid', 'kty', 'n', 'use', 'x', 'y'])
  })

  it('[OA-51] a refresh gives an ID token of the same sign-in, without its nonce, and of the person as they are now', async () => {
    const first = await signedIn({ nonce: 'once' })
    provider.pass(2 * HOUR)
    await setMember(provider.runtime, MI6, BOND, { name: 'Commander Bond' })
    let { refresh_token } = first
    for (let round = 0; round < 2; round++) {
      const answer = (await client.refreshed(refresh_token)) as unknown as typeof first
      const claims = await verified(answer.id_token)
      expect(claims).toMatchObject({ sub: first.claims.sub, auth_time: first.claims.auth_time, sid: first.claims.sid })
      expect(claims).toMatchObject({ name: 'Commander Bond', iat: Math.floor(provider.now() / 1000) })
      expect(claims).not.toHaveProperty('nonce')
      refresh_token = answer.refresh_token
    }
    const narrowed = await client.refreshed(refresh_token, { scope: 'base' })
    expect(narrowed).not.toHaveProperty('id_token')
  })

  it('a lost answer is given again with an ID token', async () => {
    const { refresh_token } = await signedIn()
    const [one, two] = [await client.refreshed(refresh_token), await client.refreshed(refresh_token)]
    expect(two.access_token).toBe(one.access_token)
    expect((two as unknown as Claims).id_token).toBeTypeOf('string')
  })

  it('[OA-35] someone who is no member any more gets no ID token', async () => {
    const { refresh_token, access_token } = await signedIn()
    await removeMember(provider.runtime, MI6, BOND)
    expect(await client.refreshed(refresh_token)).toMatchObject({ error: 'invalid_grant' })
    const headers = { Authorization: `Bearer ${access_token}` }
    expect((await provider.fetch('/oauth/userinfo', { headers })).status).toBe(401)
  })

  it('max_age asks again once the sign-in is longer ago, and auth_time says when it was', async () => {
    await signedIn()
    provider.pass(10 * MINUTE)
    const company_id = String(MI6)
    expect((await silently({ company_id, max_age: '600' })).searchParams.get('code')).toBeTruthy()
    expect(errorOf(await silently({ max_age: '599' }))[0]).toBe('login_required')
    expect(errorOf(await silently({ max_age: '0' }))[0]).toBe('login_required')
    for (const max_age of ['599', '0']) {
      provider.pass(1000)
      const page = await bond.open(client.authorizePath({ scope: 'openid', max_age }))
      expect(page.document.querySelector('input[name=password]')).not.toBeNull()
      const { claims } = await signedIn({ max_age })
      expect(claims.auth_time).toBe(Math.floor(provider.now() / 1000))
    }
    for (const max_age of ['-1', '1.5', 'soon', '99999999999']) {
      expect(errorOf(await silently({ max_age }))).toEqual(['invalid_request', 'max_age: must be a number of seconds.'])
    }
  })

  it('[OA-15] id_token_hint must be one of this client, signed here; it may have expired', async () => {
    const { id_token } = await signedIn()
    provider.pass(2 * DAY)
    expect((await silently({ id_token_hint: id_token, company_id: String(MI6) })).searchParams.get('code')).toBeTruthy()
    // It says which company, too.
    expect((await silently({ id_token_hint: id_token })).searchParams.get('code')).toBeTruthy()
    const other = await provider.registerApp({ scopes: SCOPES })
    const foreign = (await signedIn({}, MI6, other)).id_token
    const unsigned = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${id_token.split('.')[1]}.`
    for (const id_token_hint of [foreign, unsigned, id_token.slice(0, -8), 'x', `${id_token}x`]) {
      expect(errorOf(await silently({ id_token_hint }))[0]).toBe('invalid_request')
    }
  })

  it('[OA-52] a forged ID token is none, whatever its header says of the key', async () => {
    const { id_token } = await signedIn()
    const { keys } = await jwks()
    const claims = decodeJwt(id_token)
    const { kid } = decodeProtectedHeader(id_token)
    const { publicKey, privateKey } = await generateKeyPair('RS256')
    const own = await exportJWK(publicKey)
    const sign = (header: JWTHeaderParameters, key: Parameters<SignJWT['sign']>[0]) =>
      new SignJWT(claims).setProtectedHeader({ typ: 'JWT', ...header }).sign(key)
    const publicPart = keys[0]!
    const forged = [
      // The public key taken for a shared secret, in each form that a library may take it in.
      await sign({ alg: 'HS256', kid: kid! }, new TextEncoder().encode(JSON.stringify(publicPart))),
      await sign(
        { alg: 'HS256', kid: kid! },
        new TextEncoder().encode(await exportSPKI((await importJWK(publicPart)) as CryptoKey)),
      ),
      await sign({ alg: 'RS256', kid: kid! }, privateKey),
      await sign({ alg: 'RS256', kid: 'another', jwk: own }, privateKey),
      await sign({ alg: 'RS256', kid: kid!, jwk: own }, privateKey),
      await sign({ alg: 'RS256', kid: kid!, jku: 'https://evil.example/jwks.json' }, privateKey),
      await sign({ alg: 'RS256', kid: "../../dev/null' OR 1=1 --" }, privateKey),
      await sign({ alg: 'PS256', kid: kid! }, (await generateKeyPair('PS256')).privateKey),
    ]
    for (const id_token_hint of forged) {
      expect(errorOf(await silently({ id_token_hint, company_id: String(MI6) }))[0]).toBe('invalid_request')
      expect((await bond.request(`/oauth/logout?${new URLSearchParams({ id_token_hint })}`)).status).toBe(400)
    }
  })

  it('[OA-15] id_token_hint of someone else: without a page an error, with one they are asked to sign in, once', async () => {
    const moneypenny = provider.person()
    await moneypenny.signIn(MONEYPENNY_EMAIL)
    const { id_token } = await signedIn({}, MI6, client, moneypenny)
    expect(decodeJwt(id_token).user_id).toBe(MONEYPENNY)
    await bond.signIn()
    expect(errorOf(await silently({ id_token_hint: id_token }))[0]).toBe('login_required')
    const page = await bond.open(client.authorizePath({ scope: 'openid', id_token_hint: id_token }))
    expect(page.document.querySelector('input[name=password]')).not.toBeNull()
    const { claims } = await signedIn({ id_token_hint: id_token })
    expect(claims.user_id).toBe(BOND)
  })

  it('[OA-02] prompt=login asks for the password again, and the session keeps its name towards apps', async () => {
    const before = await signedIn()
    provider.pass(HOUR)
    const after = await signedIn({ prompt: 'login' })
    expect(after.claims.auth_time).toBe(Number(before.claims.auth_time) + 3600)
    expect(after.claims.sid).toBe(before.claims.sid)
    const elsewhere = await signedIn({}, MI6, client, provider.person())
    expect(elsewhere.claims.sid).not.toBe(before.claims.sid)
  })

  describe('the parameter claims', () => {
    const claims = (value: unknown) => ({ claims: JSON.stringify(value) })

    it('the parameter claims asks for the scopes that tell the claims, on the consent page too, as far as the app is registered for them', async () => {
      const parameters = {
        scope: 'openid',
        ...claims({ id_token: { email: { essential: true } }, userinfo: { name: null } }),
      }
      const page = await bond.reachConsent(client, { company: MI6 }, parameters)
      expect(page.text).toContain('See your e-mail address at this company')
      expect(page.text).not.toContain('phone number')
      const { claims: told } = await signedIn(parameters)
      expect(told).toMatchObject({ email: 'james.bond@mi6.example', name: 'James Bond' })
      const modest = await provider.registerApp({ scopes: ['openid'] })
      const { claims: less } = await signedIn(parameters, MI6, modest)
      expect(less).not.toHaveProperty('email')
    })

    it('[OA-12] the parameter claims with a sub: only that person at that company will do', async () => {
      const wanted = claims({ id_token: { sub: { value: `c${UNIVERSAL_EXPORTS}-u${BOND}` } } })
      expect((await signedIn(wanted, UNIVERSAL_EXPORTS)).claims.company_id).toBe(UNIVERSAL_EXPORTS)
      expect((await silently(wanted)).searchParams.get('code')).toBeTruthy()
      expect(errorOf(await bond.authorize(client, { company: MI6 }, { scope: 'openid', ...wanted }))[0]).toBe(
        'login_required',
      )
      const moneypenny = provider.person()
      const answer = await moneypenny.authorize(client, { email: MONEYPENNY_EMAIL }, { scope: 'openid', ...wanted })
      expect(errorOf(answer)[0]).toBe('login_required')
      for (const value of ['777', `c${MI6}-u0`, `c${MI6}-u${BOND} `, 7]) {
        const none = await silently(claims({ userinfo: { sub: { value } } }))
        expect(errorOf(none)[0]).not.toBeNull()
      }
    })

    it('the parameter claims with an essential acr that was not reached: an error; a voluntary one is told as it is', async () => {
      await signedIn()
      const acr = (request: object) => claims({ id_token: { acr: request } })
      const company_id = String(MI6)
      const error = errorOf(await silently({ company_id, ...acr({ essential: true, values: ['2'] }) }))
      expect(error[0]).toBe('unmet_authentication_requirements')
      for (const request of [{ values: ['2'] }, { essential: true, values: ['2', '1'] }, { essential: true }]) {
        expect((await silently({ company_id, ...acr(request) })).searchParams.get('code')).toBeTruthy()
      }
    })

    it('the parameter claims that cannot be read is an error, and nothing is granted', async () => {
      await signedIn()
      for (const text of [
        '{',
        '[]',
        '"x"',
        'null',
        '{"id_token":[]}',
        '{"id_token":7}',
        `{"x":"${'y'.repeat(17_000)}"}`,
      ]) {
        const [code, description] = errorOf(await silently({ claims: text }))
        expect([text.slice(0, 20), code, description?.startsWith('claims: ')]).toEqual([
          text.slice(0, 20),
          'invalid_request',
          true,
        ])
      }
    })
  })

  it('keys are rotated with overlap: the next is published before it signs, and the last until hints under it are old', async () => {
    const before = (await signedIn()).id_token
    const kid = (token: string) => decodeProtectedHeader(token).kid
    provider.pass(HOUR)
    const { signingKeys: keys } = await rotateKeys(provider.runtime)
    expect(keys).toMatchObject([{ algorithm: 'RS256' }])
    expect((await jwks()).keys.map(key => key.kid)).toEqual([kid(before), keys[0]!.keyId])
    expect(kid((await signedIn()).id_token)).toBe(kid(before))
    provider.pass(15 * MINUTE)
    expect(kid((await signedIn()).id_token)).toBe(keys[0]!.keyId)
    provider.pass(DAY)
    expect((await silently({ id_token_hint: before })).searchParams.get('code')).toBeTruthy()
  })

  it('public apps get ID tokens with PKCE', async () => {
    const app = await provider.registerApp({ scopes: SCOPES, isPublic: true, redirectUris: [CALLBACK] })
    const { verifier, challenge } = pkcePair()
    const parameters = { scope: 'openid', code_challenge: challenge, code_challenge_method: 'S256' }
    const answer = await app.tokens(await bond.code(app, { company: MI6 }, parameters), { code_verifier: verifier })
    expect((await verified((answer as unknown as Claims).id_token as string, app.id)).sub).toBe(`c${MI6}-u${BOND}`)
  })
})
