import { beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { adminWith } from '../../../tests/support/admin.ts'
import { Client } from '../../../tests/support/client.ts'
import { CALLBACK, ORIGIN } from '../../../tests/support/provider.ts'
import { provider, useProvider } from '../../../tests/support/provider-of-test.ts'
import {
  type AdminClient,
  AdminError,
  type AdminOptions,
  type BulkLine,
  bulk,
  createAdminClient,
  pages,
  unwrap,
} from './index.ts'

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}

let options: AdminOptions
let admin: AdminClient

describe('the typed client', () => {
  useProvider()
  beforeEach(async () => {
    const { key } = await adminWith({ scopes: ['*'] })
    options = { origin: ORIGIN, key, fetch: request => provider.tenantry.fetch(request) }
    admin = createAdminClient(options)
  })

  it('a platform’s whole life: companies, users, members, an app, an installation by a person, its end, the audit log', async () => {
    unwrap(
      await admin.PUT('/admin/v1/companies/{company_id}', {
        params: { path: { company_id: 9001 } },
        body: { name: 'Spectre', domain: 'spectre' },
      }),
    )
    unwrap(
      await admin.PUT('/admin/v1/users/{user_id}', {
        params: { path: { user_id: 9777 } },
        body: { name: 'Ernst Blofeld', email: 'ernst@spectre.example' },
      }),
    )
    unwrap(
      await admin.PUT('/admin/v1/users/{user_id}/password', {
        params: { path: { user_id: 9777 } },
        body: { password: 'white-persian-cat' },
      }),
    )
    const membership = { params: { path: { company_id: 9001, user_id: 9777 } } }
    const member = unwrap(
      await admin.PUT('/admin/v1/companies/{company_id}/members/{user_id}', {
        ...membership,
        body: { is_admin: true },
      }),
    )
    expectTypeOf(member.is_admin).toEqualTypeOf<boolean>()
    const app = unwrap(
      await admin.POST('/admin/v1/apps', { body: { name: 'Ring', redirect_uris: [CALLBACK], scopes: ['base'] } }),
    )
    const byId = { params: { path: { client_id: app.client_id } } }
    const rotated = unwrap(await admin.POST('/admin/v1/apps/{client_id}/secrets', { ...byId, body: {} }))

    const client = new Client(provider.fetch, app.client_id, rotated.client_secret, CALLBACK)
    const code = await provider.person().code(client, { email: 'ernst@spectre.example', password: 'white-persian-cat' })
    const tokens = await client.tokens(code)
    expect(await (await client.me(tokens.access_token)).json()).toMatchObject({ data: { id: 9777, company_id: 9001 } })

    const list = { params: { query: { company_id: 9001 } } }
    const installations = unwrap(await admin.GET('/admin/v1/installations', list))
    expect(installations.data).toMatchObject([{ user_id: 9777, client_id: app.client_id, scopes: ['base'] }])
    unwrap(await admin.POST('/admin/v1/tokens/revoke', { body: { token: tokens.access_token } }))
    expect((await client.me(tokens.access_token)).status).toBe(401)
    unwrap(
      await admin.DELETE('/admin/v1/companies/{company_id}/members/{user_id}/installations/{client_id}', {
        params: { path: { ...membership.params.path, client_id: app.client_id } },
      }),
    )
    const events = unwrap(await admin.GET('/admin/v1/audit-events', list))
    expect(events.data.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['company.created', 'member.added', 'installation.allowed', 'installation.removed']),
    )
  })

  it('a refusal is thrown with its code, its fields and the id of the request', async () => {
    const call = admin.PATCH('/admin/v1/users/{user_id}', {
      params: { path: { user_id: 777 } },
      body: { email: 'not an address', locale: '?' },
    })
    const error = await call.then(unwrap).catch(thrown => thrown)
    expect(error).toBeInstanceOf(AdminError)
    expect(error).toMatchObject({
      status: 400,
      code: 'invalid_request',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect((error as AdminError).errors.map(({ field }) => field)).toEqual(expect.arrayContaining(['email', 'locale']))
    const wrong = createAdminClient({ ...options, key: 'tnt_ak_wrong' })
    expect(
      await wrong
        .GET('/admin/v1/apps')
        .then(unwrap)
        .catch(({ code }) => code),
    ).toBe('unauthorized')
  })

  it('what the API does not have does not compile', () => {
    // Never run: only the compiler looks at it.
    void (() => {
      // @ts-expect-error: there is no such path
      void admin.GET('/admin/v1/planets')
      // @ts-expect-error: a company needs a name
      void admin.POST('/admin/v1/companies', { body: { domain: 'x' } })
      // @ts-expect-error: an id is a number
      void admin.GET('/admin/v1/users/{user_id}', { params: { path: { user_id: 'bond' } } })
    })
  })

  it('lists are read to their end, page by page', async () => {
    const lines: BulkLine[] = Array.from({ length: 25 }, (_, index) => ({
      type: 'company',
      company_id: 100 + index,
      name: `Company ${index}`,
      domain: `company-${index}`,
    }))
    for await (const { status } of bulk(options, lines)) expect(status).toBe('created')
    const ids: number[] = []
    const companies = pages(cursor =>
      admin.GET('/admin/v1/companies', { params: { query: { limit: 10, ...(cursor !== undefined && { cursor }) } } }),
    )
    for await (const { company_id } of companies) ids.push(company_id)
    expect(ids).toEqual([1, 2, ...lines.map(line => (line as { company_id: number }).company_id)])
  })

  it('bulk gives a result for each line, also for those that fail, and throws where all is refused', async () => {
    const lines = [
      { type: 'user', user_id: 1, name: 'One', email: 'one@q.example' },
      { type: 'user', user_id: 2, name: 'Two', email: 'one@q.example' },
      { type: 'member', company_id: 1, user_id: 1 },
      { type: 'member', company_id: 1, user_id: 1, delete: true },
    ] as const
    const results = await collect(bulk(options, lines))
    expect(results.map(({ line, status, code }) => [line, status, code])).toEqual([
      [1, 'created', undefined],
      [2, 'failed', 'conflict'],
      [3, 'created', undefined],
      [4, 'deleted', undefined],
    ])
    const refused = collect(bulk({ ...options, key: 'x' }, lines))
    await expect(refused).rejects.toMatchObject({ status: 401, code: 'unauthorized' })
  })

  it('bulk reads its lines as they are taken, not all at once', async () => {
    let read = 0
    async function* endless(): AsyncGenerator<BulkLine> {
      for (;;) {
        read += 1
        yield { type: 'company', company_id: 1000 + read, name: 'x'.repeat(150), domain: `endless-${read}` }
      }
    }
    let seen = 0
    for await (const { status } of bulk(options, endless())) {
      expect(status).toBe('created')
      seen += 1
      if (seen === 50) break
    }
    expect(read).toBeLessThan(5000)
  })
})
