import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer, getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { addMember, createCompany, createTenantry, createUser, SettingsError, StoreOpenError } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { BOND, MI6, SECRET, startProvider } from './support/provider.ts'

describe('the library', () => {
  it('the library is mounted in a plain node:http server', async () => {
    const provider = await startProvider()
    const listener = getRequestListener(provider.tenantry.fetch)
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/mine')) response.end('mine')
      else listener(request, response)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const client = await provider.registerApp()
    const { access_token } = await client.tokens(await provider.person().code(client, { company: MI6 }))
    const answer = await fetch(`${at}/users/me`, { headers: { Authorization: `Bearer ${access_token}` } })
    expect((await answer.json()) as unknown).toMatchObject({ data: { id: BOND } })
    expect(await (await fetch(`${at}/mine`)).text()).toBe('mine')
    server.closeAllConnections()
    server.close()
    await provider.close()
  })

  it('the library is mounted in a Hono app', async () => {
    const provider = await startProvider()
    const app = new Hono()
    app.get('/mine', c => c.text('mine'))
    app.mount('/', request => provider.tenantry.fetch(request))
    const server = createAdaptorServer({ fetch: app.fetch })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect((await fetch(`${at}/.well-known/oauth-authorization-server`)).status).toBe(200)
    expect((await fetch(`${at}/users/me`)).status).toBe(401)
    expect(await (await fetch(`${at}/mine`)).text()).toBe('mine')
    server.close()
    await provider.close()
  })

  it('the library checks its options at once and names every mistake', () => {
    const options = { store: { path: ':memory:' }, secrets: [SECRET], origin: 'ftp://x/y', accessTokenLifetime: -1 }
    try {
      createTenantry({ ...options, unknown: true } as never)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(SettingsError)
      expect((error as SettingsError).mistakes).toHaveLength(3)
    }
    expect(() =>
      createTenantry({ ...options, origin: 'https://id.example', accessTokenLifetime: 60, secrets: ['short'] }),
    ).toThrow(/at least 32 characters/)
  })

  it('the library says in a sentence what is wrong with a database', () => {
    const open = (path: string) => createTenantry({ store: { path }, secrets: [SECRET], origin: 'https://id.example' })
    expect(() => open('/proc/nowhere/tenantry.db')).toThrow(StoreOpenError)
    expect(() => open('/dev/null')).toThrow(StoreOpenError)
  })

  it('administers companies, users and memberships', async () => {
    const { tenantry, runtime } = await startProvider()
    const company = await createCompany(runtime, { name: 'Spectre', domain: 'spectre' })
    const user = await createUser(runtime, { email: 'blofeld@spectre.example', name: 'Ernst Stavro Blofeld' })
    const member = await addMember(runtime, { companyId: company.company_id, userId: user.user_id, isAdmin: true })
    expect(company.company_id).toBeGreaterThan(2)
    expect(user.user_id).toBeGreaterThan(779)
    expect(member).toMatchObject({ name: 'Ernst Stavro Blofeld', is_admin: 1 })
    await tenantry.close()
  })

  it('the library finishes the requests that were begun before it closes', async () => {
    const provider = await startProvider()
    const person = provider.person()
    const page = await person.open('/sign-in')
    const answer = person.submit(page, { email: 'james.bond@mi6.example', password: 'shaken-not-stirred' })
    await provider.close()
    expect((await answer).status).toBe(303)
  })
})
