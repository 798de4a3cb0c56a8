import { rotateSecret } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { admin, adminWith, useAdmin } from '../../../../tests/support/admin.ts'
import { Client } from '../../../../tests/support/client.ts'
import { BOND, CALLBACK, DAY, HOUR, MI6, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'

const NOTES = { name: 'Notes', redirect_uris: [CALLBACK], scopes: ['base', 'users:read'] }

describe('apps and what they have been given', () => {
  useProvider()
  useAdmin()

  it('an app that was registered over HTTP is installed, gets a new secret, and is deleted', async () => {
    const { status, body, headers } = await admin('POST', '/apps', { ...NOTES, maker: 'Notes Ltd' })
    expect([status, headers.get('Location')]).toEqual([201, `/admin/v1/apps/${body.client_id}`])
    expect(body).toMatchObject({ maker: 'Notes Ltd', client_secret: expect.stringMatching(/^tny_cs_/), public: false })
    const app = new Client(provider.fetch, body.client_id, body.client_secret, CALLBACK)
    const tokens = await app.tokens(await person.code(app, { company: MI6 }))

    const secrets = `/apps/${body.client_id}/secrets`
    const rotated = await admin('POST', secrets, { keep_old_seconds: 3600 })
    const renewed = new Client(provider.fetch, body.client_id, rotated.body.client_secret, CALLBACK)
    expect((await admin('GET', secrets)).body.data).toMatchObject([{ current: true }, { current: false }])
    expect((await renewed.introspect(tokens.access_token)).status).toBe(200)
    expect((await app.introspect(tokens.access_token)).status).toBe(200)
    provider.pass(HOUR)
    expect((await app.introspect(tokens.access_token)).status).toBe(401)

    const shown = await admin('GET', `/apps/${body.client_id}`)
    expect(shown.body).toEqual({ ...body, client_secret: undefined })
    const deleted = await admin('DELETE', `/apps/${body.client_id}`)
    expect(deleted.body).toEqual({ client_id: body.client_id, deleted: true, installations: 1 })
    expect((await app.me(tokens.access_token)).status).toBe(401)
    for (const path of [`/apps/${body.client_id}`, secrets]) expect((await admin('GET', path)).status).toBe(404)
  })

  it('a scope that is taken from an app is refused at the next request, and is there again when it is given back', async () => {
    const { access_token } = await client.tokens(await person.code(client, { company: MI6 }))
    const users = () => provider.fetch('/users', { headers: { Authorization: `Bearer ${access_token}` } })
    expect((await users()).status).toBe(200)
    await admin('PATCH', `/apps/${client.id}`, { scopes: ['base'] })
    expect((await users()).status).toBe(403)
    await admin('PATCH', `/apps/${client.id}`, { scopes: ['base', 'users:read'] })
    expect((await users()).status).toBe(200)
  })

  it('a public app has no secret, and a client id that is taken is 409', async () => {
    const { body } = await admin('POST', '/apps', { ...NOTES, client_id: 'notes', public: true })
    expect(body).toMatchObject({ client_id: 'notes', client_secret: null, public: true, require_pkce: true })
    expect((await admin('POST', '/apps', { ...NOTES, client_id: 'notes' })).status).toBe(409)
    expect((await admin('POST', '/apps/notes/secrets', {})).status).toBe(400)
    const etag = (await admin('GET', '/apps/notes')).headers.get('ETag')!
    expect((await admin('PATCH', '/apps/notes', { name: 'N' }, { 'If-Match': etag })).status).toBe(200)
    expect((await admin('PATCH', '/apps/notes', { name: 'M' }, { 'If-Match': etag })).status).toBe(412)
  })

  it('a request that is repeated with its Idempotency-Key gets the first answer again, secrets included', async () => {
    const again = { 'Idempotency-Key': 'one app, please' }
    const first = await admin('POST', '/apps', NOTES, again)
    const second = await admin('POST', '/apps', NOTES, again)
    expect([second.status, second.body]).toEqual([201, first.body])
    const both = await Promise.all(
      [1, 2, 3, 4].map(() =>
        admin('POST', '/users', { email: 'q@q.example', name: 'Q' }, { 'Idempotency-Key': 'a user' }),
      ),
    )
    expect(new Set(both.map(({ status, body }) => `${status} ${body.user_id}`)).size).toBe(1)
    expect(both[0]!.status).toBe(201)
    const secret = () => admin('POST', `/apps/${first.body.client_id}/secrets`, {}, { 'Idempotency-Key': 'a secret' })
    expect((await secret()).body).toEqual((await secret()).body)
    expect((await admin('GET', '/apps')).body.data).toHaveLength(2)

    const other = await admin('POST', '/apps', { ...NOTES, name: 'Other' }, again)
    expect([other.status, other.body.code]).toEqual([409, 'idempotency_key_reused'])
    const { call } = await adminWith({ scopes: ['apps:write'] })
    expect((await call('POST', '/apps', NOTES, again)).body.client_id).not.toBe(first.body.client_id)
    expect((await admin('POST', '/apps', NOTES, { 'Idempotency-Key': ' ' })).status).toBe(400)
    const rows = await provider.runtime.store.db.selectFrom('idempotency_keys').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain(first.body.client_secret)
  })

  it('a request that was cut off after its commit is finished by its repetition, with the same id and secret', async () => {
    const { store } = provider.runtime
    const write = store.write.bind(store)
    const again = { 'Idempotency-Key': 'cut off' }
    store.write = async statements => {
      const results = await write(statements)
      if (statements.some(({ sql }) => sql.includes('insert into "apps"'))) throw new Error('killed here')
      return results
    }
    expect((await admin('POST', '/apps', NOTES, again)).status).toBe(500)
    store.write = write
    const made = (await admin('GET', '/apps')).body.data.filter(({ name }: { name: string }) => name === 'Notes')
    expect(made).toHaveLength(1)
    const { status, body } = await admin('POST', '/apps', NOTES, again)
    expect([status, body.client_id]).toEqual([201, made[0].client_id])
    const app = new Client(provider.fetch, body.client_id, body.client_secret, CALLBACK)
    expect((await app.introspect('x')).status).toBe(200)
    expect((await admin('GET', '/apps')).body.data).toHaveLength(2)
  })

  it('installations are listed by company, user and app, and end one by one', async () => {
    const tokens = await client.tokens(await person.code(client, { company: MI6 }))
    await client.tokens(await provider.person().code(client, { company: UNIVERSAL_EXPORTS }))
    const list = async (query: string) => (await admin('GET', `/installations${query}`)).body.data
    expect(await list('')).toHaveLength(2)
    expect(await list(`?company_id=${MI6}`)).toMatchObject([
      { user_id: BOND, client_id: client.id, scopes: ['base', 'users:read'] },
    ])
    expect(await list(`?user_id=${BOND}&limit=1`)).toHaveLength(1)
    expect(await list('?user_id=779')).toEqual([])
    expect(await list(`?client_id=${client.id}`)).toHaveLength(2)
    const path = `/companies/${MI6}/members/${BOND}/installations/${client.id}`
    expect((await admin('DELETE', path)).status).toBe(204)
    expect((await admin('DELETE', path)).status).toBe(404)
    expect((await client.me(tokens.access_token)).status).toBe(401)
    expect(await list('')).toHaveLength(1)
  })

  it('a token is revoked; one that is unknown says so, and garbage is 400', async () => {
    const tokens = await client.tokens(await person.code(client, { company: MI6 }))
    const revoke = (token: string) => admin('POST', '/tokens/revoke', { token })
    expect((await revoke(tokens.refresh_token)).body).toEqual({ revoked: true })
    expect((await client.me(tokens.access_token)).status).toBe(401)
    expect((await revoke(tokens.refresh_token)).body).toEqual({ revoked: false })
    expect((await revoke('garbage')).body.errors[0].field).toBe('token')
  })

  it('a callback that was given up is listed, and is sent again', async () => {
    const told = await provider.registerApp({ uninstallUrl: 'http://127.0.0.1:9/uninstalled' })
    await person.code(told, { company: MI6 })
    await admin('DELETE', `/companies/${MI6}/members/${BOND}/installations/${told.id}`)
    const [callback] = (await admin('GET', '/callbacks?state=pending')).body.data
    expect(callback).toMatchObject({ company_id: MI6, user_id: BOND, client_id: told.id, state: 'pending' })
    const gaveUpAt = String(provider.now())
    const all = 'WHERE company_id = 1'
    await provider.runtime.store.write([
      { sql: `UPDATE uninstall_callbacks SET gave_up_at = ${gaveUpAt}, claimed_until = NULL ${all}`, parameters: [] },
    ])
    expect((await admin('GET', '/callbacks?state=pending')).body.data).toEqual([])
    expect((await admin('GET', `/callbacks?state=given_up&client_id=${told.id}`)).body.data).toHaveLength(1)
    const { company_id, user_id, client_id, ended_at } = callback
    const key = { company_id, user_id, client_id, ended_at }
    expect((await admin('POST', '/callbacks/send-again', key)).status).toBe(204)
    expect((await admin('POST', '/callbacks/send-again', { ...key, user_id: 1 })).status).toBe(409)
    expect((await admin('GET', `/callbacks?company_id=${MI6}`)).body.data).toMatchObject([{ state: 'pending' }])
  })

  it('an app that a company develops has owners, and is for that company until it is published for good', async () => {
    const input = { name: 'Ledger', redirect_uris: [CALLBACK], company_id: MI6 }
    const made = await admin('POST', '/apps', input)
    expect(made.body).toMatchObject({ company_id: MI6, published: false, published_at: null, registered_by: 'company' })
    const path = `/apps/${made.body.client_id}`
    expect((await admin('PUT', `${path}/owners/${BOND}`)).status).toBe(204)
    expect((await admin('PUT', `${path}/owners/${BOND}`)).status).toBe(204)
    expect((await admin('PUT', `${path}/owners/4711`)).status).toBe(404)
    expect((await admin('GET', `${path}/owners`)).body.data).toMatchObject([{ user_id: BOND, company_id: MI6 }])
    expect((await admin('DELETE', `${path}/owners/${BOND}`)).status).toBe(204)
    expect((await admin('DELETE', `${path}/owners/${BOND}`)).status).toBe(404)
    expect((await admin('PATCH', path, { company_id: 2 })).status).toBe(400)
    expect((await admin('PATCH', path, { published: true })).body).toMatchObject({ published: true })
    expect((await admin('PATCH', path, { published: false })).status).toBe(400)
    expect((await admin('PATCH', path, { company_id: 2 })).body).toMatchObject({ company_id: 2, published: true })
    expect((await admin('POST', '/apps', { ...input, company_id: 4711 })).status).toBe(404)
    expect((await admin('GET', `/apps/${client.id}/owners`)).status).toBe(400)
  })

  it('the sessions of a user are listed and ended, one or all', async () => {
    const browsers = [provider.person(), provider.person()]
    for (const browser of browsers) await browser.code(client, { company: MI6 })
    const path = `/users/${BOND}/sessions`
    const { data } = (await admin('GET', path)).body
    expect(data).toHaveLength(2)
    expect((await admin('DELETE', `/users/779/sessions/${data[0].session_id}`)).status).toBe(404)
    expect((await admin('DELETE', `${path}/${data[0].session_id}`)).status).toBe(204)
    expect((await admin('GET', path)).body.data).toEqual([data[1]])
    expect((await admin('DELETE', path)).status).toBe(204)
    expect((await admin('GET', path)).body.data).toEqual([])
    for (const browser of browsers)
      expect((await browser.request('/connected-apps')).headers.get('Location')).toContain('/sign-in')
    provider.pass(30 * DAY)
    await rotateSecret(provider.runtime, client.id)
    expect((await admin('GET', '/users/1/sessions')).status).toBe(404)
  })
})
