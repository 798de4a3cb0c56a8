import { narrowInstallation, setApp } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { beforeWrite } from '../../../../tests/support/before-write.ts'
import { pkcePair } from '../../../../tests/support/client.ts'
import { answerOf } from '../../../../tests/support/person.ts'
import { Prover } from '../../../../tests/support/prover.ts'
import { BOND, CALLBACK, MI6, ORIGIN, SECOND } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { makeSigningKey, SigningClient } from '../../../../tests/support/signing-client.ts'
import { findRegisteredApp } from './apps.ts'

describe('the profile fapi2 (FAPI 2.0 Security Profile)', () => {
  useProvider()
  let app: SigningClient
  let prover: Prover
  const { challenge, verifier } = pkcePair()
  const PKCE = { code_challenge: challenge, code_challenge_method: 'S256' }

  beforeEach(async () => {
    app = await SigningClient.create(provider, { profile: 'fapi2', scopes: ['openid', 'base'] })
    prover = await Prover.create()
  })

  const proof = (path = '/oauth/token', by = prover) =>
    by.prove({ method: 'POST', url: ORIGIN + path, at: provider.now() / 1000 })
  const push = (parameters: Record<string, string> = {}, more = {}, assertion = {}) =>
    app.post('/oauth/par', { response_type: 'code', redirect_uri: CALLBACK, ...PKCE, ...parameters }, more, assertion)
  async function authorize(parameters: Record<string, string> = {}) {
    const { body } = await push(parameters)
    const path = `/oauth/authorize?${new URLSearchParams({ client_id: app.id, request_uri: body.request_uri! })}`
    let page = await person.open(path)
    if (page.document.querySelector('main input[name=password]')) page = await person.signIn(undefined, undefined, page)
    page = await person.submitAndFollow(page, { company_id: String(MI6) })
    return answerOf(await person.submit(page, { decision: 'allow' })).searchParams
  }
  const exchange = async (code: string, headers?: Record<string, string>, assertion = {}) =>
    app.post(
      '/oauth/token',
      { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier },
      headers ?? { DPoP: await proof() },
      assertion,
    )

  it('an app goes all the way: pushed, PKCE, DPoP, private_key_jwt, iss, an ID token that is not RS256', async () => {
    const answer = await authorize({ scope: 'openid base' })
    expect(answer.get('iss')).toBe(ORIGIN)
    const { status, body } = await exchange(answer.get('code')!)
    expect([status, body.token_type]).toEqual([200, 'DPoP'])
    const header = JSON.parse(Buffer.from(body.id_token!.split('.')[0]!, 'base64url').toString())
    expect(header.alg).toBe('ES256')
    expect(body.access_token).toMatch(/^tny_da_1_/)
  })

  it('[OA-25] a refresh token that stays gives nothing that is taken back between its read and its write', async () => {
    app = await SigningClient.create(provider, { profile: 'fapi2', scopes: ['base', 'users:read'] })
    const { body } = await exchange((await authorize({ scope: 'base users:read' })).get('code')!)
    const key = { company_id: MI6, user_id: BOND, client_id: app.id }
    const narrowed = () => narrowInstallation(provider.runtime, key, ['base'])
    const hasRun = beforeWrite(provider.runtime, /insert into "access_tokens"/i, narrowed)
    const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token! }
    const again = await app.post('/oauth/token', form, { DPoP: await proof() })
    expect([hasRun(), again.body.scope]).toEqual([true, 'base'])
  })

  it('a refresh token stays as it is: no rotation, and still bound to who proves a key', async () => {
    const first = await exchange((await authorize({ scope: 'base' })).get('code')!)
    const refresh = (headers: Record<string, string>) =>
      app.post('/oauth/token', { grant_type: 'refresh_token', refresh_token: first.body.refresh_token! }, headers)
    const seen = new Set<string>()
    for (let times = 0; times < 3; times++) {
      const { status, body } = await refresh({ DPoP: await proof() })
      expect([status, body.refresh_token]).toEqual([200, first.body.refresh_token])
      seen.add(body.access_token!)
      provider.pass(40 * 24 * 3600 * SECOND)
    }
    expect(seen.size).toBe(3)
    expect(await refresh({})).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
    provider.pass(61 * 24 * 3600 * SECOND)
    expect(await refresh({ DPoP: await proof() })).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  it('a code is good for 60 seconds', async () => {
    const [inTime, late] = [(await authorize()).get('code')!, (await authorize()).get('code')!]
    provider.pass(60 * SECOND - 1)
    expect((await exchange(inTime)).status).toBe(200)
    provider.pass(1)
    expect((await exchange(late)).body.error).toBe('invalid_grant')
  })

  it('everything weaker is refused', async () => {
    const weaker = await Promise.all([
      push({ code_challenge: '', code_challenge_method: '' }),
      push({ code_challenge_method: 'plain' }),
      push({}, {}, { aud: `${ORIGIN}/oauth/token` }),
      push({}, {}, { aud: [ORIGIN] }),
      app.post('/oauth/device_authorization', {}),
    ])
    expect(weaker.map(({ status, body }) => [status, body.error])).toEqual([
      [400, 'invalid_request'],
      [400, 'invalid_request'],
      [401, 'invalid_client'],
      [401, 'invalid_client'],
      [400, 'unauthorized_client'],
    ])
    const inAddress = new URLSearchParams({ client_id: app.id, redirect_uri: CALLBACK, response_type: 'code', ...PKCE })
    const refused = answerOf(await person.request(`/oauth/authorize?${inAddress}`))
    expect(refused.searchParams.get('error')).toBe('invalid_request')
    const signed = new URLSearchParams({ client_id: app.id, request: await app.requestObject(PKCE) })
    expect(answerOf(await person.request(`/oauth/authorize?${signed}`)).searchParams.get('error')).toBe(
      'invalid_request',
    )
    const code = (await authorize()).get('code')!
    expect((await exchange(code, {})).body.error).toBe('invalid_dpop_proof')
    const rsa = await Prover.create('RS256')
    expect((await exchange(code, { DPoP: await proof('/oauth/token', rsa) })).body.error).toBe('invalid_dpop_proof')
    expect((await exchange(code)).status).toBe(200)
  })

  it.each(['RS256', 'ES384'])('an assertion by %s is refused, which other apps may use', async algorithm => {
    const key = await makeSigningKey('k1', algorithm)
    const keys = { jwks: { keys: [key.jwk as Record<string, unknown>] } }
    await setApp(provider.runtime, app.id, keys)
    app.key = key
    expect((await push()).body.error).toBe('invalid_client')
    app = await SigningClient.create(provider, {}, key)
    expect((await push()).status).toBe(201)
  })

  it.each(['PS256', 'EdDSA', 'Ed25519'])('an assertion by %s is accepted', async algorithm => {
    app = await SigningClient.create(provider, { profile: 'fapi2' }, await makeSigningKey('k1', algorithm))
    expect((await push()).status).toBe(201)
  })

  it('an app can neither be registered for less nor be changed to less; one with a secret cannot become one', async () => {
    const profile = 'fapi2' as const
    await expect(provider.registerApp({ profile })).rejects.toThrow('authenticates with keys')
    await expect(provider.registerApp({ profile, isPublic: true })).rejects.toThrow('authenticates with keys')
    await expect(setApp(provider.runtime, client.id, { profile })).rejects.toThrow('authenticates with keys')
    for (const change of [
      { requirePkce: false },
      { requirePar: false },
      { requireDpop: false },
      { deviceFlow: true },
      { idTokenAlgorithm: 'RS256' as const },
      { redirectUris: ['com.example.app:/callback'] },
    ]) {
      await expect(setApp(provider.runtime, app.id, change)).rejects.toThrow(Object.keys(change)[0]!)
    }
    const native = await SigningClient.create(provider, { redirectUris: ['com.example.app:/callback'] })
    await expect(setApp(provider.runtime, native.id, { profile })).rejects.toThrow('requires https')
  })

  it('an app that takes the profile on is held to all of it from then on', async () => {
    const other = await SigningClient.create(provider)
    expect(await findRegisteredApp(provider.runtime, other.id)).toMatchObject({ requirePar: false, deviceFlow: true })
    await setApp(provider.runtime, other.id, { profile: 'fapi2' })
    expect(await findRegisteredApp(provider.runtime, other.id)).toMatchObject({
      requirePar: true,
      requirePkce: true,
      requireDpop: true,
      deviceFlow: false,
      idTokenAlgorithm: 'ES256',
    })
  })
})
