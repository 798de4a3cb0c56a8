import fc from 'fast-check'
import { UnsecuredJWT } from 'jose'
import { setApp } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { pkcePair } from '../../../../tests/support/client.ts'
import { answerOf, type ShownPage } from '../../../../tests/support/person.ts'
import { CALLBACK, MI6, MINUTE, ORIGIN, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { makeSigningKey, SigningClient } from '../../../../tests/support/signing-client.ts'

describe('signed authorization requests (RFC 9101)', () => {
  useProvider()
  let app: SigningClient
  beforeEach(async () => {
    app = await SigningClient.create(provider)
  })

  const pathOf = (object: string, more: Record<string, string> = {}, id = app.id) =>
    `/oauth/authorize?${new URLSearchParams({ client_id: id, request: object, ...more })}`
  async function goOn(page: ShownPage, company = MI6) {
    const signedIn = page.document.querySelector('main input[name=password]')
      ? await person.signIn(undefined, undefined, page)
      : page
    return signedIn.document.querySelector('main input[name=company_id]')
      ? person.submitAndFollow(signedIn, { company_id: String(company) })
      : signedIn
  }

  it('only what was signed counts, whatever is in the address beside it', async () => {
    const { challenge, verifier } = pkcePair()
    const object = await app.requestObject({
      scope: 'base',
      state: 'a&b',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })
    const evil = { scope: 'base users:read', state: 'evil', redirect_uri: 'https://evil.example', prompt: 'none' }
    const consent = await goOn(await person.open(pathOf(object, evil)), UNIVERSAL_EXPORTS)
    const answer = answerOf(await person.submit(consent, { decision: 'allow' }))
    expect([answer.origin + answer.pathname, answer.searchParams.get('state')]).toEqual([CALLBACK, 'a&b'])
    const { body } = await app.post('/oauth/token', {
      grant_type: 'authorization_code',
      code: answer.searchParams.get('code')!,
      redirect_uri: CALLBACK,
      code_verifier: verifier,
    })
    expect(body.scope).toBe('base')
  })

  it('the pages hold nothing of it, and a person may take longer than it is good for', async () => {
    const object = await app.requestObject({ login_hint: 'someone@secret.example' })
    const page = await person.open(pathOf(object))
    provider.pass(10 * MINUTE)
    const consent = await goOn(page)
    expect(consent.html).not.toContain(object.slice(0, 100))
    expect(consent.html).not.toContain('secret.example')
    expect(answerOf(await person.submit(consent, { decision: 'allow' })).searchParams.get('code')).toBeTruthy()
  })

  it('claims, numbers and several resources are read as parameters', async () => {
    await setApp(provider.runtime, app.id, { scopes: ['openid', 'email'] })
    const object = await app.requestObject({
      scope: 'openid',
      max_age: 3600,
      nonce: 'n',
      claims: { id_token: { email: null } },
    })
    expect((await goOn(await person.open(pathOf(object)))).text).toContain('See your e-mail address at this company')
    const wrong = await person.request(pathOf(await app.requestObject({ scope: ['base'] }), { redirect_uri: CALLBACK }))
    expect(answerOf(wrong).searchParams.get('error')).toBe('invalid_request_object')
  })

  it('prompt=none in a signed request is answered without a page', async () => {
    await goOn(await person.open(pathOf(await app.requestObject({ scope: 'base' }))))
    const answer = answerOf(await person.request(pathOf(await app.requestObject({ prompt: 'none', company_id: MI6 }))))
    expect([answer.searchParams.get('error'), answer.searchParams.get('state')]).toEqual(['consent_required', 's'])
  })

  it('what cannot be verified is refused: to the app where its address is known, else on a page', async () => {
    const foreign = await makeSigningKey('k1')
    const other = await SigningClient.create(provider)
    const rs256 = await makeSigningKey('k1', 'RS256')
    const objects = {
      'another key': await app.requestObject({}, {}, foreign),
      'another algorithm': await app.requestObject({}, {}, rs256),
      unsecured: new UnsecuredJWT({ client_id: app.id, aud: ORIGIN, iss: app.id }).encode(),
      'another audience': await app.requestObject({ aud: 'https://other.example' }),
      'no audience': await app.requestObject({ aud: undefined }),
      'another issuer': await app.requestObject({ iss: other.id }),
      'another client': await app.requestObject({ client_id: other.id }),
      'no client': await app.requestObject({ client_id: undefined }),
      expired: await app.requestObject({ exp: provider.now() / 1000 - 16 }),
      'not yet': await app.requestObject({ nbf: provider.now() / 1000 + 16 }),
      'another type': await app.requestObject({}, { typ: 'dpop+jwt' }),
      'no text as type': await app.requestObject({}, { typ: 1 }),
      'a request within': await app.requestObject({ request: 'x' }),
      'an address within': await app.requestObject({ request_uri: 'https://app.example/r' }),
      nothing: 'x',
      ...{ 'no signature': (await app.requestObject()).replace(/[^.]*$/, '') },
    }
    for (const [name, object] of Object.entries(objects)) {
      const told = answerOf(await person.request(pathOf(object, { redirect_uri: CALLBACK, state: 'outer' })))
      expect([name, told.searchParams.get('error'), told.searchParams.get('state')]).toEqual([
        ...[name, 'invalid_request_object', 'outer'],
      ])
      const page = await person.open(pathOf(object))
      expect([name, page.status, page.text.includes('signature cannot be verified')]).toEqual([name, 400, true])
      const pushed = await app.post('/oauth/par', { request: object })
      expect([name, pushed.status, pushed.body.error]).toEqual([name, 400, 'invalid_request_object'])
    }
    const evil = await person.open(pathOf('x', { redirect_uri: 'https://evil.example' }))
    expect([evil.status, evil.headers.get('Location')]).toEqual([400, null])
  })

  it('an app without keys, one that is not known, and a request in two ways are refused on a page', async () => {
    const object = await app.requestObject()
    expect((await person.open(pathOf(object, {}, client.id))).status).toBe(400)
    expect((await person.open(pathOf(object, {}, 'unknown'))).status).toBe(400)
    expect((await person.open(pathOf(object, { request_uri: 'x' }))).status).toBe(400)
    expect((await person.open(`${pathOf(object)}&client_id=${client.id}`)).status).toBe(400)
  })

  it('a signed request is pushed as well, and an app that must push cannot send it in an address', async () => {
    const object = await app.requestObject({ scope: 'base' })
    const pushed = await app.post('/oauth/par', { request: object, scope: 'base users:read', state: 'outer' })
    expect(pushed.status).toBe(201)
    const path = `/oauth/authorize?${new URLSearchParams({ client_id: app.id, request_uri: pushed.body.request_uri! })}`
    const consent = await goOn(await person.open(path))
    expect(consent.text).not.toContain('See the people of this company')
    expect(answerOf(await person.submit(consent, { decision: 'allow' })).searchParams.get('state')).toBe('s')
    await setApp(provider.runtime, app.id, { requirePar: true })
    const refused = answerOf(await person.request(pathOf(await app.requestObject())))
    expect(refused.searchParams.get('error')).toBe('invalid_request')
  })

  it('no request object, however it is mangled, is an error of ours', async () => {
    const object = await app.requestObject()
    const mangled = fc.oneof(
      fc.tuple(fc.nat(object.length - 1), fc.string({ maxLength: 3 })).map(([at, text]) => {
        return object.slice(0, at) + text + object.slice(at + 1)
      }),
      fc.array(fc.base64String({ maxLength: 40 }), { maxLength: 5 }).map(parts => parts.join('.')),
      fc.jsonValue().map(value => {
        const part = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url')
        return `${part(value)}.${part(value)}.x`
      }),
    )
    await fc.assert(
      fc.asyncProperty(mangled, async text => {
        const page = await person.request(pathOf(text))
        expect([200, 302, 303, 400]).toContain(page.status)
        const pushed = await app.post('/oauth/par', { request: text })
        expect([201, 400]).toContain(pushed.status)
      }),
      { numRuns: 150 },
    )
  })
})
