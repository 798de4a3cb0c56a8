import createClient from 'openapi-fetch'
import { describe, expect, it } from 'vitest'
import {
  database,
  fail,
  fetchSandbox,
  install,
  me,
  run,
  sandbox,
  useServerBesideCommands,
} from '../../../../tests/support/commands-beside-server.ts'
import { readBlocks } from '../../../../tests/support/fenced-blocks.ts'
import { startSandbox } from '../../../../tests/support/sandbox-process.ts'

const DOCS = 'docs/admin-api.md'

describe('administration over HTTP', () => {
  useServerBesideCommands()

  const statusWith = async (key: string, path = '/companies') =>
    (await fetchSandbox(`/admin/v1${path}`, { headers: { Authorization: `Bearer ${key}` } })).status

  it('a key that a command makes is accepted by the running server, listed without the key, and refused once it is revoked', async () => {
    const made = await run('admin-key', 'create', '--name', 'sync', '--scope', 'companies:read', '--expires', '90d')
    expect(made).toMatchObject({ name: 'sync', scopes: ['companies:read'], company_id: null })
    expect(Date.parse(made.expires_at) - Date.parse(made.created_at)).toBe(90 * 24 * 3600 * 1000)
    expect(await statusWith(made.admin_key)).toBe(200)
    expect(await statusWith(made.admin_key, '/users')).toBe(403)
    const listed = await run('admin-key', 'list')
    expect(listed.map(({ key_id }: { key_id: string }) => key_id)).toContain(made.key_id)
    expect(JSON.stringify(listed)).not.toContain('tny_ak_')
    expect(await run('admin-key', 'revoke', made.key_id)).toEqual({ key_id: made.key_id, revoked: true })
    expect(await statusWith(made.admin_key)).toBe(401)
  })

  it('a key that cannot be made says why', async () => {
    expect(await fail(['admin-key', 'create', '--name', 'x', '--scope', 'planets:read'])).toContain(
      'must be * or one of companies:read',
    )
    expect(await fail(['admin-key', 'create', '--name', 'x', '--scope', '*', '--company', '99'])).toBe(
      'There is no company 99.\n',
    )
    expect(await fail(['admin-key', 'create', '--name', 'x', '--scope', '*', '--expires', 'soon'])).toContain(
      'such as 30m',
    )
    expect(await fail(['admin-key', 'revoke', 'nope'])).toBe('There is no admin key nope.\n')
  })

  it('the sandbox gives a key that may do everything, the same at each of its nodes', async () => {
    expect(await statusWith(sandbox.facts.admin_key, '/settings')).toBe(200)
    const node = await startSandbox(['--no-seed', ...database.flags])
    expect(node.facts.admin_key).toBe(sandbox.facts.admin_key)
    expect(await node.stop()).toBe(0)
    expect(await statusWith(sandbox.facts.admin_key)).toBe(200)
  })

  it('the calls that the documentation shows run as written, one after the other', async () => {
    const calls = readBlocks(DOCS)
      .flatMap(({ code }) => code.split(/^(?=curl )/m))
      .filter(code => code.startsWith('curl '))
    expect(calls.length).toBeGreaterThan(3)
    const statuses: number[] = []
    for (const call of calls) {
      const { status, text } = await curl(call)
      statuses.push(status)
      if (!call.includes('/bulk')) continue
      const results = text.trim().split('\n')
      expect(results.map(line => JSON.parse(line).status)).toEqual(['created', 'created', 'deleted'])
    }
    expect(statuses).toEqual([201, 201, 201, 200])
  })

  it('openapi-fetch drives a whole life: company, users, member, app, install, rotation, revocation', async () => {
    const { origin, admin_key } = sandbox.facts
    // biome-ignore lint/suspicious/noExplicitAny: without the generated types every path is allowed.
    const client = createClient<any>({ baseUrl: origin, headers: { Authorization: `Bearer ${admin_key}` } })
    const at = (company_id: number, user_id: number) => ({ params: { path: { company_id, user_id } } })
    const password = 'shaken-not-stirred'
    const company = { params: { path: { company_id: 70 } }, body: { name: 'Drax', domain: 'drax' } }
    const made = await client.PUT('/admin/v1/companies/{company_id}', company)
    expect([made.response.status, made.data.company_id]).toEqual([201, 70])
    for (const [user_id, email] of [
      [7001, 'hugo@drax.example'],
      [7002, 'jaws@drax.example'],
    ] as const) {
      const body = { email, name: email.split('@')[0], locale: 'fr' }
      expect(
        (await client.PUT('/admin/v1/users/{user_id}', { params: { path: { user_id } }, body })).response.status,
      ).toBe(201)
      await client.PUT('/admin/v1/users/{user_id}/password', { params: { path: { user_id } }, body: { password } })
      expect(
        (await client.PUT('/admin/v1/companies/{company_id}/members/{user_id}', { ...at(70, user_id), body: {} }))
          .response.status,
      ).toBe(201)
    }
    const tokens = await install('hugo@drax.example', password)
    expect(await (await me(tokens.access_token)).json()).toMatchObject({
      data: { id: 7001, company_id: 70, locale: 'fr' },
    })
    const listed = await client.GET('/admin/v1/installations', { params: { query: { company_id: 70 } } })
    expect(listed.data.data).toMatchObject([{ user_id: 7001, client_id: sandbox.facts.client_id }])
    const app = await client.POST('/admin/v1/apps', {
      body: { name: 'Moonraker', redirect_uris: ['https://drax.example/cb'] },
    })
    const secrets = { params: { path: { client_id: app.data.client_id } }, body: {} }
    const rotated = await client.POST('/admin/v1/apps/{client_id}/secrets', secrets)
    expect(rotated.data.client_secret).not.toBe(app.data.client_secret)
    expect(
      (await client.DELETE('/admin/v1/companies/{company_id}/members/{user_id}', at(70, 7001))).response.status,
    ).toBe(204)
    expect((await me(tokens.access_token)).status).toBe(401)
    const refused = await client.PUT('/admin/v1/companies/{company_id}', {
      ...company,
      body: { name: '', domain: 'drax' },
    })
    expect(refused.error).toMatchObject({ code: 'invalid_request', errors: [{ field: 'name' }] })
  })
})

/** Does what a call of curl in the documentation does, where curl is not installed as well. */
async function curl(call: string): Promise<{ status: number; text: string }> {
  const { origin, admin_key } = sandbox.facts
  const words = [...call.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)]
    .map(([, single, double, bare]) => single ?? double ?? bare!)
    .map(word => word.replace('$ORIGIN', origin).replace('$ADMIN_KEY', admin_key))
  const after = (...flags: string[]) => words.filter((_, index) => flags.includes(words[index - 1]!))
  const answer = await fetch(words.find(word => word.startsWith(origin))!, {
    method: after('-X')[0]!,
    headers: after('-H').map(header => header.split(/: /) as [string, string]),
    body: after('-d', '--data-binary')[0]!,
  })
  return { status: answer.status, text: await answer.text() }
}
