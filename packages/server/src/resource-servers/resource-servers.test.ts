import { createHash } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose'
import {
  createResourceServer,
  deleteResourceServer,
  type ResourceServer,
  rotateResourceServerSecret,
  setApp,
  setCompany,
  setResourceServer,
} from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Client, TokenAnswer } from '../../../../tests/support/client.ts'
import { answerOf, type Person } from '../../../../tests/support/person.ts'
import {
  BOND,
  CALLBACK,
  HOUR,
  MI6,
  MONEYPENNY_EMAIL,
  ORIGIN,
  UNIVERSAL_EXPORTS,
} from '../../../../tests/support/provider.ts'
import { provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { identifierMistake } from './identifier.ts'

const NOTES = 'https://notes.example'
const DESK = 'https://desk.example/c/{company_domain}/mcp'
const DESK_OF_MI6 = 'https://desk.example/c/casinoroyale/mcp'
const DESK_OF_EXPORTS = 'https://desk.example/c/universal-exports/mcp'
type Introspection = Record<string, unknown> & { active: boolean }

describe('resource servers', () => {
  let notes: ResourceServer
  let desk: ResourceServer
  const secrets = new Map<ResourceServer, string>()
  let client: Client
  let bond: Person

  useProvider()
  beforeEach(async () => {
    const scopes = { 'notes:read': { en: 'Read notes', fr: 'Lire les notes' }, 'notes:write': { en: 'Write notes' } }
    notes = await create({ name: 'Notes', identifier: NOTES, scopes, describesUsers: true })
    desk = await create({ name: 'Desk', identifier: DESK, scopes: { 'desk:use': { en: 'Use the desk' } } })
    client = await provider.registerApp({ scopes: ['base', 'openid', 'notes:read', 'notes:write', 'desk:use'] })
    bond = provider.person()
  })

  async function create(input: Parameters<typeof createResourceServer>[1]): Promise<ResourceServer> {
    const { resourceServer, clientSecret } = await createResourceServer(provider.runtime, input)
    secrets.set(resourceServer, clientSecret)
    return resourceServer
  }

  async function introspect(server: ResourceServer, token: string, secret = secrets.get(server)!) {
    const answer = await provider.fetch('/oauth/introspect', {
      method: 'POST',
      headers: {
        Authorization: `Basic ${Buffer.from(`${server.clientId}:${secret}`).toString('base64')}`,
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ token }).toString(),
    })
    return (await answer.json()) as Introspection
  }

  async function tokensFor(resource: string | undefined, more: Record<string, string> = {}, company = MI6) {
    const code = await bond.code(client, { company }, { ...(resource && { resource }), ...more })
    return client.tokens(code)
  }
  const errorOf = (url: URL) => [url.searchParams.get('error'), url.searchParams.get('error_description')]
  const INACTIVE = { active: false }

  it('[OA-65] introspection tells a resource server of the tokens that are meant for it, and of no others', async () => {
    const forNotes = await tokensFor(NOTES, { scope: 'openid notes:read' })
    const forDesk = await tokensFor(DESK_OF_MI6, { scope: 'desk:use' })
    const forPlatform = await tokensFor(undefined, { scope: 'base openid' })
    expect(await introspect(notes, forNotes.access_token)).toEqual({
      active: true,
      scope: 'notes:read',
      client_id: client.id,
      token_type: 'Bearer',
      exp: expect.any(Number),
      iat: Math.floor(provider.now() / 1000),
      sub: `c${MI6}-u${BOND}`,
      aud: NOTES,
      iss: ORIGIN,
      company_id: MI6,
      user_id: BOND,
      company_name: 'MI6',
      company_domain: 'casinoroyale',
      name: 'James Bond',
      email: 'james.bond@mi6.example',
      email_verified: false,
      locale: 'en-US',
      zoneinfo: 'Europe/Helsinki',
      is_admin: true,
      role_id: expect.any(Number),
    })
    expect(await introspect(desk, forDesk.access_token)).not.toHaveProperty('name')
    for (const token of [
      forDesk.access_token,
      forPlatform.access_token,
      forNotes.refresh_token,
      'garbage',
      `tny_ra_${forPlatform.access_token.slice(7)}`,
    ]) {
      expect(await introspect(notes, token)).toEqual(INACTIVE)
    }
    expect(await introspect(desk, forNotes.access_token)).toEqual(INACTIVE)
  })

  it('[OA-28] a token for a resource server is refused by /users/me, by userinfo and by /users', async () => {
    const { access_token } = await tokensFor(NOTES, { scope: 'openid notes:read' })
    for (const path of ['/users/me', '/v1/users/me', '/oauth/userinfo', '/users']) {
      const answer = await provider.fetch(path, { headers: { Authorization: `Bearer ${access_token}` } })
      expect([path, answer.status]).toEqual([path, 401])
      expect(answer.headers.get('WWW-Authenticate')).toContain('another resource server')
    }
    // Renamed, it is unknown.
    const renamed = access_token.replace('tny_ra_', 'tny_at_')
    expect((await client.me(renamed)).status).toBe(401)
  })

  it('[OA-28] without resource a token is for the platform, and has no scope of a resource server', async () => {
    const tokens = await tokensFor(undefined)
    expect(tokens.scope).toBe('base openid')
    expect((await client.me(tokens.access_token)).status).toBe(200)
    expect((await tokensFor(ORIGIN)).scope).toBe('base openid')
    const refused = answerOf(await bond.request(client.authorizePath({ scope: 'base notes:read' })))
    expect(errorOf(refused)).toEqual([
      'invalid_scope',
      `The scope notes:read belongs to a resource server: send resource=${NOTES}`,
    ])
  })

  it('[OA-28] with resource a token has the scopes that are owned there, and those that say who someone is', async () => {
    expect((await tokensFor(NOTES)).scope).toBe('openid notes:read notes:write')
    const refused = answerOf(await bond.request(client.authorizePath({ resource: NOTES, scope: 'desk:use' })))
    expect(errorOf(refused)[0]).toBe('invalid_scope')
    for (const resource of ['https://unknown.example', 'https://desk.example/c//mcp', 'notes', `${NOTES}/more`, DESK]) {
      expect(errorOf(answerOf(await bond.request(client.authorizePath({ resource }))))).toEqual([
        'invalid_target',
        'resource: no resource server here has this address.',
      ])
    }
    expect((await tokensFor(`${NOTES}/`)).scope).toContain('notes:read')
  })

  it('[OA-04] resource may repeat: the token is for each, and a request for a token may narrow it', async () => {
    const query = `${client.authorizePath({})}&resource=${encodeURIComponent(NOTES)}&resource=${encodeURIComponent(DESK_OF_MI6)}`
    const code = async () => {
      const page = await bond.open(query)
      const consent = page.text.includes('Password') ? await bond.signIn(undefined, undefined, page) : page
      return answerOf(await bond.submit(consent, { decision: 'allow' })).searchParams.get('code')!
    }
    const both = await client.tokens(await code())
    expect(both.scope).toBe('openid notes:read notes:write desk:use')
    expect(await introspect(notes, both.access_token)).toMatchObject({ active: true, scope: 'notes:read notes:write' })
    expect(await introspect(desk, both.access_token)).toMatchObject({
      active: true,
      scope: 'desk:use',
      aud: DESK_OF_MI6,
    })

    const narrowed = await client.tokens(await code(), { resource: NOTES })
    expect(narrowed.scope).toBe('openid notes:read notes:write')
    expect(await introspect(desk, narrowed.access_token)).toEqual(INACTIVE)
    // What was granted is not lost by it.
    const refreshed = await client.refreshed(narrowed.refresh_token, { resource: DESK_OF_MI6 })
    expect(await introspect(desk, refreshed.access_token)).toMatchObject({ active: true, scope: 'desk:use' })
    expect(await introspect(notes, refreshed.access_token)).toEqual(INACTIVE)
    expect(await client.refreshed(refreshed.refresh_token)).toMatchObject({ scope: both.scope })
  })

  it('[OA-25] a refresh and an exchange never widen what a token is for', async () => {
    const tokens = await tokensFor(NOTES)
    for (const resource of [DESK_OF_MI6, ORIGIN, 'https://unknown.example', DESK_OF_EXPORTS]) {
      expect([resource, await client.refreshed(tokens.refresh_token, { resource })]).toMatchObject([
        resource,
        { error: 'invalid_target' },
      ])
    }
    const platform = await tokensFor(undefined)
    expect(await client.refreshed(platform.refresh_token, { resource: NOTES })).toMatchObject({
      error: 'invalid_target',
    })
    const refreshed = await client.refreshed(tokens.refresh_token)
    expect(await introspect(notes, refreshed.access_token)).toMatchObject({ active: true })
    expect((await client.me(refreshed.access_token)).status).toBe(401)
  })

  it('[OA-24] a retried refresh for the same resource gets the same token, and for another one another', async () => {
    const { refresh_token } = await tokensFor(NOTES)
    const [first, again] = [await client.refreshed(refresh_token), await client.refreshed(refresh_token)]
    expect(again.access_token).toBe(first.access_token)
    const narrower = await client.refreshed(refresh_token, { scope: 'notes:read' })
    expect(await introspect(notes, narrower.access_token)).toMatchObject({ scope: 'notes:read' })
    expect(narrower.access_token).not.toBe(first.access_token)
  })

  it('[OA-64] the address of a company fixes the company: only it can be chosen, and the token is for it', async () => {
    // Bond is at two companies, and is not asked which.
    const page = await bond.reachConsent(client, {}, { resource: DESK_OF_EXPORTS })
    expect(page.text).toContain('Universal Exports')
    expect(page.text).not.toContain('MI6')
    const code = answerOf(await bond.submit(page, { decision: 'allow' })).searchParams.get('code')!
    const tokens = await client.tokens(code)
    expect(await introspect(desk, tokens.access_token)).toMatchObject({
      company_id: UNIVERSAL_EXPORTS,
      aud: DESK_OF_EXPORTS,
    })
    const silent = answerOf(await bond.request(client.authorizePath({ resource: DESK_OF_EXPORTS, prompt: 'none' })))
    expect(silent.searchParams.get('code')).toBeTruthy()
    const hinted = { resource: DESK_OF_EXPORTS, company_id: String(MI6) }
    expect((await bond.reachConsent(client, {}, hinted)).text).toContain('Universal Exports')
  })

  it('[OA-17] a resource server is used without asking only where one of its own scopes was allowed', async () => {
    const silently = async (resource: string, scope: string) => {
      const parameters = { resource, scope, prompt: 'none', company_id: String(MI6) }
      return answerOf(await bond.request(client.authorizePath(parameters))).searchParams
    }
    await tokensFor(NOTES, { scope: 'openid notes:read' })
    expect((await silently(NOTES, 'openid notes:read')).get('code')).toBeTruthy()
    expect((await silently(NOTES, 'openid')).get('error')).toBe('consent_required')
    expect((await silently(DESK_OF_MI6, 'openid')).get('error')).toBe('consent_required')
    expect((await silently(DESK_OF_MI6, 'openid desk:use')).get('error')).toBe('consent_required')
  })

  it('[OA-64] someone who is no member of that company reads why, and learns of no company', async () => {
    const moneypenny = provider.person()
    const at = (resource: string) => moneypenny.reachConsent(client, { email: MONEYPENNY_EMAIL }, { resource })
    const notMember = await at(DESK_OF_EXPORTS)
    expect([notMember.status, notMember.text]).toEqual([403, expect.stringContaining('not an active member there')])
    const noCompany = await at('https://desk.example/c/no-such-company/mcp')
    const words = (text: string) => text.replace(/[\w-]{20,}/g, '')
    expect([noCompany.status, words(noCompany.text)]).toEqual([403, words(notMember.text)])
    expect(answerOf(await moneypenny.submit(notMember, { cancel: 'yes' })).searchParams.get('error')).toBe(
      'access_denied',
    )
  })

  it('[OA-64] resources of two companies cannot be asked for together', async () => {
    const query = `${client.authorizePath({ resource: DESK_OF_MI6 })}&resource=${encodeURIComponent(DESK_OF_EXPORTS)}`
    expect(errorOf(answerOf(await bond.request(query)))[0]).toBe('invalid_target')
  })

  it('[OA-64] a token is bound to the id of the company, whatever becomes of its domain', async () => {
    const { access_token } = await tokensFor(DESK_OF_MI6)
    await setCompany(provider.runtime, MI6, { domain: 'thunderball' })
    expect(await introspect(desk, access_token)).toMatchObject({
      company_id: MI6,
      aud: 'https://desk.example/c/thunderball/mcp',
    })
    // The address of before is no company's any more.
    expect((await bond.open(client.authorizePath({ resource: DESK_OF_MI6 }))).status).toBe(403)
  })

  it('[OA-33] what is revoked, or runs out, or whose app is disabled, is inactive at the next introspection', async () => {
    const tokens = await tokensFor(NOTES)
    await client.revoke(tokens.access_token)
    expect(await introspect(notes, tokens.access_token)).toEqual(INACTIVE)
    const others = await tokensFor(NOTES)
    await setApp(provider.runtime, client.id, { disabled: true })
    expect(await introspect(notes, others.access_token)).toEqual(INACTIVE)
    await setApp(provider.runtime, client.id, { disabled: false })
    expect(await introspect(notes, others.access_token)).toMatchObject({ active: true })
    await setApp(provider.runtime, client.id, { scopes: ['base', 'notes:read'] })
    expect(await introspect(notes, others.access_token)).toMatchObject({ scope: 'notes:read' })
    await setResourceServer(provider.runtime, notes.resourceServerId, { scopes: {} })
    expect(await introspect(notes, others.access_token)).toMatchObject({ scope: '' })
    provider.pass(2 * HOUR)
    expect(await introspect(notes, others.access_token)).toEqual(INACTIVE)
  })

  it('[OA-20] introspection needs the secret of the resource server; the one before is accepted for a while', async () => {
    const { access_token } = await tokensFor(NOTES)
    expect(await introspect(notes, access_token, 'wrong')).toMatchObject({ error: 'invalid_client' })
    const before = secrets.get(notes)!
    const after = await rotateResourceServerSecret(provider.runtime, notes.resourceServerId, { keepOld: HOUR })
    for (const secret of [before, after])
      expect(await introspect(notes, access_token, secret)).toMatchObject({ active: true })
    provider.pass(HOUR - 1000)
    expect(await introspect(notes, access_token, before)).toMatchObject({ active: true })
    provider.pass(1000)
    expect(await introspect(notes, access_token, before)).toMatchObject({ error: 'invalid_client' })
    await deleteResourceServer(provider.runtime, notes.resourceServerId)
    expect(await introspect(notes, access_token, after)).toMatchObject({ error: 'invalid_client' })
    const none = await provider.fetch('/oauth/introspect', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token: access_token, client_id: desk.clientId }).toString(),
    })
    expect(none.status).toBe(401)
  })

  describe('that check JWTs by themselves', () => {
    const read = async (token: string) => {
      const jwks = (await (await provider.fetch('/.well-known/jwks.json')).json()) as JSONWebKeySet
      const options = { issuer: ORIGIN, typ: 'at+jwt', currentDate: new Date(provider.now()) }
      return jwtVerify(token, createLocalJWKSet(jwks), options)
    }

    it('[OA-28] a token for a resource server that wants JWTs is one, for it alone and five minutes long at most', async () => {
      await setResourceServer(provider.runtime, desk.resourceServerId, { tokenFormat: 'jwt' })
      const tokens = await tokensFor(DESK_OF_MI6, { scope: 'openid desk:use' })
      expect([tokens.expires_in, tokens.token_type]).toEqual([300, 'Bearer'])
      const { payload } = await read(tokens.access_token)
      expect(payload).toEqual({
        iss: ORIGIN,
        sub: `c${MI6}-u${BOND}`,
        aud: DESK_OF_MI6,
        client_id: client.id,
        scope: 'desk:use',
        company_id: MI6,
        user_id: BOND,
        jti: expect.any(String),
        iat: Math.floor(provider.now() / 1000),
        exp: Math.floor(provider.now() / 1000) + 300,
      })
      expect((await client.me(tokens.access_token)).status).toBe(401)
      expect(await introspect(desk, tokens.access_token)).toEqual(INACTIVE)
      const refreshed = await client.refreshed(tokens.refresh_token)
      expect((await read(refreshed.access_token)).payload.jti).not.toBe(payload.jti)
      expect((await tokensFor(NOTES)).access_token).toMatch(/^tny_ra_/)
    })

    it('[OA-52] the ID token with a JWT has the hash of that one, and neither passes for the other', async () => {
      await setResourceServer(provider.runtime, desk.resourceServerId, { tokenFormat: 'jwt' })
      const tokens = (await tokensFor(DESK_OF_MI6, { scope: 'openid desk:use' })) as TokenAnswer & { id_token: string }
      const digest = createHash('sha256').update(tokens.access_token).digest()
      const { at_hash } = decodeJwt(tokens.id_token)
      expect(at_hash).toBe(digest.subarray(0, 16).toString('base64url'))
      await expect(read(tokens.id_token)).rejects.toThrow('typ')
      const asHint = client.authorizePath({ scope: 'openid', prompt: 'none', id_token_hint: tokens.access_token })
      expect(errorOf(answerOf(await bond.request(asHint)))[0]).toBe('invalid_request')
    })

    it('a token for several resource servers stays opaque', async () => {
      await setResourceServer(provider.runtime, desk.resourceServerId, { tokenFormat: 'jwt' })
      const query = `${client.authorizePath({ resource: NOTES })}&resource=${encodeURIComponent(DESK_OF_MI6)}`
      const page = await bond.signIn(undefined, undefined, await bond.open(query))
      const code = answerOf(await bond.submit(page, { decision: 'allow' })).searchParams.get('code')!
      const tokens = await client.tokens(code)
      expect(await introspect(desk, tokens.access_token)).toMatchObject({ active: true })
    })
  })

  it('the consent page says in the language of the person what a scope of a resource server allows', async () => {
    const page = await bond.reachConsent(client, { company: MI6 }, { resource: NOTES, ui_locales: 'fr' })
    expect(page.text).toContain('Lire les notes')
    expect(page.text).toContain('Write notes')
    await bond.submit(page, { decision: 'allow' })
    expect((await bond.open('/connected-apps')).text).toContain('Read notes')
  })

  it('an app can be registered for scopes that a resource server owns, and no scope has two owners', async () => {
    await expect(provider.registerApp({ scopes: ['notes:delete'] })).rejects.toThrow(/unknown scope notes:delete/)
    await expect(
      create({ name: 'X', identifier: 'https://x.example', scopes: { 'notes:read': { en: 'x' } } }),
    ).rejects.toThrow('belongs to another resource server')
    await expect(create({ name: 'X', identifier: 'https://x.example', scopes: { base: { en: 'x' } } })).rejects.toThrow(
      'base is a scope of the platform itself',
    )
    await expect(create({ name: 'X', identifier: NOTES })).rejects.toThrow('belongs to another resource server')
  })

  it.each([
    ['https://api.example', undefined],
    ['https://api.example/c/{company_domain}/mcp', undefined],
    ['https://{company_domain}.api.example', undefined],
    ['urn:example:notes', undefined],
    ['http://api.example', 'must use https'],
    ['https://api.example/#x', 'must not have a fragment (RFC 8707 section 2)'],
    ['https://u:p@api.example', 'must not hold credentials'],
    ['https://api.example/{company_domain}/{company_domain}', 'may hold {company_domain} once only'],
    ['https://api.example/{company}', 'may hold {company_domain} and no other placeholder'],
    ['urn:example:{company_domain}', 'must be an https address to hold {company_domain}'],
    ['api.example', 'must be an absolute URI'],
    ['https://api.example/a b', 'must be an absolute URI'],
  ])('%s as an identifier: %s', (identifier, mistake) => {
    expect(identifierMistake(identifier, false)).toBe(mistake)
  })

  it('public apps with a loopback address get tokens for a resource server, too', async () => {
    const app = await provider.registerApp({ scopes: ['notes:read'], isPublic: true, redirectUris: [CALLBACK] })
    const { pkcePair } = await import('../../../../tests/support/client.ts')
    const { verifier, challenge } = pkcePair()
    const code = await bond.code(
      app,
      { company: MI6 },
      { resource: NOTES, code_challenge: challenge, code_challenge_method: 'S256' },
    )
    const tokens: TokenAnswer = await app.tokens(code, { code_verifier: verifier, resource: NOTES })
    expect(await introspect(notes, tokens.access_token)).toMatchObject({ active: true, client_id: app.id })
  })
})
