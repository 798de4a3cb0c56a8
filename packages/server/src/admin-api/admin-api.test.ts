import { revokeAdminKey } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { admin, adminWith, callWith, useAdmin } from '../../../../tests/support/admin.ts'
import { BOND, DAY, MI6, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { adminScopes } from './scopes.ts'

describe('the admin API', () => {
  useProvider()
  useAdmin()

  it('a request without an admin key is refused with 401, whatever it is for', async () => {
    const { access_token } = await client.tokens(await person.code(client, { company: MI6 }))
    for (const authorization of [undefined, 'Bearer x', `Bearer ${access_token}`, 'Basic eDp4', 'Bearer tny_ak_']) {
      const headers = new Headers(authorization === undefined ? {} : { Authorization: authorization })
      for (const path of ['/companies', '/bulk', '/nope']) {
        const answer = await provider.fetch(`/admin/v1${path}`, { method: 'POST', headers })
        expect([authorization, path, answer.status]).toEqual([authorization, path, 401])
        expect(answer.headers.get('WWW-Authenticate')).toContain('Bearer realm="Tenantry administration"')
        expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
      }
    }
  })

  it('an admin key is refused at the next request once it is revoked, and when it has expired', async () => {
    const { call, facts } = await adminWith({ scopes: ['companies:read'], lifetime: DAY })
    expect((await call('GET', '/companies')).status).toBe(200)
    provider.pass(DAY)
    expect((await call('GET', '/companies')).status).toBe(401)
    const another = await adminWith({ scopes: ['companies:read'] })
    await revokeAdminKey(provider.runtime, another.facts.keyId)
    expect((await another.call('GET', '/companies')).status).toBe(401)
    await expect(revokeAdminKey(provider.runtime, another.facts.keyId)).rejects.toThrow('There is no admin key')
    expect(facts.expiresAt).toBe(facts.createdAt + DAY)
  })

  it('no database holds an admin key', async () => {
    const { key } = await adminWith({ scopes: ['*'] })
    const rows = await provider.runtime.store.db.selectFrom('admin_keys').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain(key.slice('tny_ak_'.length, 30))
  })

  it('a key can do what its scopes say, and nothing else', async () => {
    const tried: [scope: string, method: string, path: string, body?: object][] = [
      ['companies:read', 'GET', '/companies'],
      ['companies:write', 'PUT', `/companies/${MI6}`, { name: 'MI6', domain: 'casinoroyale' }],
      ['users:read', 'GET', `/users/${BOND}`],
      ['users:write', 'PATCH', `/users/${BOND}`, { name: 'James' }],
      ['members:read', 'GET', `/companies/${MI6}/members`],
      ['members:write', 'PATCH', `/companies/${MI6}/members/${BOND}`, { name: 'James' }],
      ['apps:read', 'GET', '/apps'],
      ['apps:write', 'PATCH', `/apps/${client.id}`, { name: 'Notes' }],
      ['installations:read', 'GET', '/installations'],
      ['installations:write', 'DELETE', `/companies/${MI6}/members/${BOND}/installations/x`],
      ['tokens:write', 'POST', '/tokens/revoke', { token: 'tny_at_1_x' }],
      ['sessions:read', 'GET', `/users/${BOND}/sessions`],
      ['sessions:write', 'DELETE', `/users/${BOND}/sessions`],
      ['callbacks:read', 'GET', '/callbacks'],
      ['keys:read', 'GET', '/keys'],
      ['keys:write', 'POST', '/keys'],
      ['settings:read', 'GET', '/settings'],
    ]
    for (const scope of adminScopes) {
      const { call } = await adminWith({ scopes: [scope] })
      for (const [needed, method, path, body] of tried) {
        const isAllowed = needed === scope || needed === scope.replace(/:write$/, ':read')
        const { status } = await call(method, path, body)
        expect([scope, method, path, status !== 403]).toEqual([scope, method, path, isAllowed])
      }
    }
  })

  it('a key that is held to one company reaches nothing of another, and nothing that all companies share', async () => {
    const { call } = await adminWith({ scopes: ['*'], companyId: UNIVERSAL_EXPORTS })
    const other = await client.tokens(await person.code(client, { company: MI6 }))
    const own = await client.tokens(await provider.person().code(client, { company: UNIVERSAL_EXPORTS }))
    expect((await call('GET', `/companies/${UNIVERSAL_EXPORTS}`)).body.name).toBe('Universal Exports')
    expect((await call('GET', `/companies/${UNIVERSAL_EXPORTS}/members`)).body.data).toHaveLength(1)
    expect((await call('GET', '/installations')).body.data).toMatchObject([{ company_id: UNIVERSAL_EXPORTS }])
    const refused: [string, string, unknown?][] = [
      ['GET', `/companies/${MI6}`],
      ['GET', `/companies/${MI6}/members`],
      ['PATCH', `/companies/${MI6}/members/${BOND}`, { is_admin: false }],
      ['GET', `/installations?company_id=${MI6}`],
      ['GET', `/callbacks?company_id=${MI6}`],
      ['POST', '/tokens/revoke', { token: other.access_token }],
      ['GET', '/companies'],
      ['POST', '/companies', { name: 'X', domain: 'x' }],
      ['GET', '/users'],
      ['GET', `/users/${BOND}`],
      ['GET', `/users/${BOND}/memberships`],
      ['GET', '/apps'],
      ['GET', '/keys'],
      ['GET', '/settings'],
    ]
    for (const [method, path, body] of refused) {
      expect([path, (await call(method, path, body)).status]).toEqual([path, 403])
    }
    expect((await client.me(other.access_token)).status).toBe(200)
    expect((await call('POST', '/tokens/revoke', { token: own.access_token })).body).toEqual({ revoked: true })
    expect((await client.me(own.access_token)).status).toBe(401)
  })

  it('each wrong field of a request is named, with what is wrong', async () => {
    const answer = await admin('PUT', '/companies/9', { name: '', domain: 'a b', country: 'ee', colour: 'red' })
    expect(answer.status).toBe(400)
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
    expect(answer.body).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      code: 'invalid_request',
      detail: expect.stringContaining('domain must be letters'),
      request_id: answer.headers.get('X-Request-Id'),
      errors: expect.arrayContaining([
        { field: 'name', message: 'must not be empty' },
        { field: 'domain', message: 'must be letters, digits and hyphens, such as universal-exports' },
        { field: 'country', message: 'must be two capital letters such as EE' },
        { field: 'colour', message: 'is not a field of this request' },
      ]),
    })
    expect((await admin('PUT', '/companies/9', { name: 9 })).body.errors).toEqual([
      { field: 'name', message: 'must be a string' },
      { field: 'domain', message: 'is missing' },
    ])
    expect((await admin('POST', '/apps', { name: 'X', redirect_uris: ['nope'] })).body.errors).toEqual([
      { field: 'redirect_uris', message: 'nope is not an absolute URI.' },
    ])
    const malformed = await admin('PUT', '/companies/9', '{"name":', { 'Content-Type': 'application/json' })
    expect([malformed.status, malformed.body.detail]).toEqual([400, 'Malformed JSON in request body.'])
    expect((await admin('GET', '/companies/9')).status).toBe(404)
  })

  it('the character NUL, which no database holds, is refused wherever a text may be', async () => {
    const requests: [string, string, unknown?][] = [
      ['GET', '/apps/%00'],
      ['DELETE', '/apps/a%00b'],
      ['GET', '/users?search=%00'],
      ['GET', '/installations?client_id=%00'],
      ['GET', '/audit-events?action=%00'],
      ['DELETE', `/companies/${MI6}/domains/%00`],
      ['PATCH', `/companies/${MI6}/members/${BOND}`, { phone: '\0' }],
      ['POST', '/apps', { name: 'A', redirect_uris: ['https://a.example/\0'] }],
      ['POST', '/tokens/revoke', { token: '\0' }],
    ]
    for (const [method, path, body] of requests) {
      expect([path, (await admin(method, path, body)).status]).toEqual([path, 400])
    }
    const line = await admin(
      'POST',
      '/bulk',
      JSON.stringify({ type: 'member', company_id: MI6, user_id: BOND, phone: '\0' }),
    )
    expect(line.body).toContain('must not hold the character NUL')
  })

  it('a body that is not declared as JSON is not ignored', async () => {
    const text = await admin('PUT', '/companies/9', '{"name":"N","domain":"n"}', { 'Content-Type': 'text/plain' })
    expect([text.status, text.body.code]).toEqual([415, 'unsupported_media_type'])
    const large = await admin('PUT', '/companies/9', { name: 'N'.repeat(70_000), domain: 'n' })
    expect([large.status, large.body.code]).toEqual([413, 'body_too_large'])
  })

  it('the API is found at its version only, and other paths and methods are 404', async () => {
    expect((await admin('GET', '/nope')).body.code).toBe('not_found')
    expect((await admin('PATCH', '/companies', {})).status).toBe(404)
    const outside = await provider.fetch('/admin/v2/companies')
    expect([outside.status, outside.headers.get('Content-Type')]).toEqual([404, 'application/problem+json'])
  })

  it('the description and its page are public', async () => {
    const description = await provider.fetch('/admin/v1/openapi.json')
    expect(description.status).toBe(200)
    expect(await description.json()).toMatchObject({ openapi: '3.1.0', info: { title: 'Tenantry admin API' } })
    expect((await provider.fetch('/admin/v1/')).headers.get('Location')).toBe('reference')
    const page = await provider.fetch('/admin/v1/reference')
    expect(page.headers.get('Content-Security-Policy')).toContain("script-src 'self'")
    for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'start.js']) {
      expect([file, (await provider.fetch(`/admin/v1/reference/${file}`)).status]).toEqual([file, 200])
    }
  })

  it('a list has every row once, page by page, whatever is added meanwhile', async () => {
    for (let companyId = 101; companyId <= 110; companyId++) {
      await admin('PUT', `/companies/${companyId}`, { name: `C ${companyId}`, domain: `c${companyId}` })
    }
    const seen: number[] = []
    let cursor = ''
    do {
      const { body } = await admin('GET', `/companies?limit=3${cursor && `&cursor=${cursor}`}`)
      seen.push(...body.data.map(({ company_id }: { company_id: number }) => company_id))
      cursor = body.next_cursor
      if (seen.length === 6) await admin('PUT', '/companies/50', { name: 'Late', domain: 'late' })
    } while (cursor)
    expect(seen).toEqual([MI6, UNIVERSAL_EXPORTS, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110])
    for (const wrong of ['x', 'e30', Buffer.from('"a"').toString('base64url')]) {
      const { status, body } = await admin('GET', `/companies?cursor=${wrong}`)
      expect([wrong, status, body.errors?.[0].field]).toEqual([wrong, 400, 'cursor'])
    }
    for (const limit of ['0', '1001', '-1', 'x', '1.5']) {
      expect([limit, (await admin('GET', `/companies?limit=${limit}`)).status]).toEqual([limit, 400])
    }
  })

  it('keys are rotated and listed, and settings are shown without secrets', async () => {
    const before = (await admin('GET', '/keys')).body.data
    const made = await admin('POST', '/keys')
    expect([made.status, made.body.key_id]).toEqual([201, before[0].key_id + 1])
    expect((await admin('GET', '/keys')).body.data).toHaveLength(before.length + 1)
    const { body } = await admin('GET', '/settings')
    expect(body).toMatchObject({ origin: 'http://localhost:4040', access_token_lifetime: 3600 })
    expect(Object.keys(body)).not.toContain('outbound_proxy')
  })

  it('the use of a key is recorded', async () => {
    const { call, key, facts } = await adminWith({ scopes: ['apps:read'] })
    expect(facts.lastUsedAt).toBeNull()
    await call('GET', '/apps')
    await expect
      .poll(async () => {
        const rows = await provider.runtime.store.db
          .selectFrom('admin_keys')
          .select(['key_id', 'last_used_at'])
          .execute()
        return rows.find(row => row.key_id === facts.keyId)?.last_used_at
      })
      .toBe(provider.now())
    expect((await callWith(key)('GET', '/apps')).status).toBe(200)
  })
})
