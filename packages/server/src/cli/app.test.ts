import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Client } from '../../../../tests/support/client.ts'
import {
  fail,
  fetchSandbox,
  me,
  run,
  sandbox,
  useServerBesideCommands,
} from '../../../../tests/support/commands-beside-server.ts'
import { Person } from '../../../../tests/support/person.ts'
import { runCommand, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'
import { appSchema } from '../admin-api/app-schema.ts'

describe('`tenantry app`', () => {
  useServerBesideCommands()
  const folder = temporaryFolder()
  afterAll(() => folder.remove())

  it('app create, list, rotate-secret, disable, enable', async () => {
    const created = await run(
      'app',
      'create',
      '--name',
      'Rotating',
      '--maker',
      'Q Branch',
      '--redirect-uri',
      'http://127.0.0.1/callback',
      '--redirect-uri',
      'https://app.example/callback',
      '--scope',
      'base',
      '--scope',
      'users:read',
    )
    expect(created).toMatchObject({
      client_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      client_secret: expect.stringMatching(/^tny_cs_/),
      redirect_uris: ['http://127.0.0.1/callback', 'https://app.example/callback'],
      scopes: ['base', 'users:read'],
      profile: 'standard',
      public: false,
    })
    const authenticates = async (secret: string) => {
      const client = new Client(fetchSandbox, created.client_id, secret, 'https://app.example/callback')
      return (await client.introspect('x')).status === 200
    }
    expect(await authenticates(created.client_secret)).toBe(true)
    const { client_secret } = await run('app', 'rotate-secret', created.client_id)
    expect([await authenticates(created.client_secret), await authenticates(client_secret)]).toEqual([false, true])
    await run('app', 'disable', created.client_id)
    expect(await authenticates(client_secret)).toBe(false)
    await run('app', 'enable', created.client_id)
    expect(await authenticates(client_secret)).toBe(true)

    const publicApp = await run(
      'app',
      'create',
      '--name',
      'Phone',
      '--public',
      '--redirect-uri',
      'com.example.phone:/cb',
    )
    expect(publicApp).toMatchObject({ public: true, client_secret: null, scopes: ['base'] })
    expect(await fail(['app', 'rotate-secret', publicApp.client_id])).toContain('has no secret')
    const list = (await run('app', 'list')) as { client_id: string }[]
    expect(list.map(({ client_id }) => client_id)).toContain(created.client_id)
    expect(JSON.stringify(list)).not.toContain('tny_cs_')

    expect(await fail(['app', 'create', '--name', 'x', '--redirect-uri', 'http://app.example/cb'])).toContain(
      'must use https',
    )
    expect(await fail(['app', 'create', '--name', 'x'])).toContain("required option '--redirect-uri")
    expect(
      await fail(['app', 'create', '--name', 'x', '--redirect-uri', 'https://x.example', '--profile', 'x']),
    ).toContain('Allowed choices')
    expect(
      await fail(['app', 'create', '--name', 'x', '--redirect-uri', 'https://x.example', '--icon', 'x.gif']),
    ).toContain('no icon')
    expect(await fail(['app', 'disable', 'missing'])).toBe('There is no app missing.\n')
  })

  it('app show, set, delete; a secret that overlaps', async () => {
    const made = await run(
      'app',
      'create',
      '--name',
      'Changing',
      '--redirect-uri',
      'https://app.example/callback',
      '--scope',
      'base users:read',
    )
    const id = made.client_id as string
    const client = (secret: string) => new Client(fetchSandbox, id, secret, 'https://app.example/new')
    const authenticates = async (secret: string) => (await client(secret).introspect('x')).status === 200
    const changed = await run(
      'app',
      'set',
      id,
      '--name',
      'Changed',
      '--redirect-uri',
      'https://app.example/new',
      '--maker',
      'Q',
    )
    expect(changed).toMatchObject({ name: 'Changed', maker: 'Q', redirect_uris: ['https://app.example/new'] })
    const choice = { email: 'q@mi6.example', password: sandbox.facts.password }
    const tokens = await client(made.client_secret).tokens(
      await new Person(fetchSandbox).code(client(made.client_secret), choice),
    )
    expect((await me(tokens.access_token)).status).toBe(200)

    // Narrowed scopes are obeyed by tokens that are out already, and told by the next refresh.
    expect((await run('app', 'set', id, '--scope', 'users:read')).scopes).toEqual(['users:read'])
    expect((await me(tokens.access_token)).status).toBe(403)
    expect((await client(made.client_secret).refreshed(tokens.refresh_token)).scope).toBe('users:read')

    const { client_secret, old_secret_until } = await run('app', 'rotate-secret', id, '--keep-old', '24h')
    expect(Date.parse(old_secret_until) - Date.now()).toBeGreaterThan(23 * 3600 * 1000)
    expect([await authenticates(made.client_secret), await authenticates(client_secret)]).toEqual([true, true])
    const { secrets } = await run('app', 'show', id)
    expect(secrets).toEqual([
      expect.objectContaining({ current: true, expires_at: null, last_used_at: expect.any(String) }),
      expect.objectContaining({ current: false, expires_at: expect.any(String), last_used_at: expect.any(String) }),
    ])
    const third = (await run('app', 'rotate-secret', id, '--keep-old', '24h')).client_secret
    expect([await authenticates(made.client_secret), await authenticates(client_secret)]).toEqual([false, true])
    expect((await run('app', 'show', id)).secrets).toHaveLength(2)
    expect(await fail(['app', 'rotate-secret', id, '--keep-old', 'soon'])).toContain('such as 30m')

    expect(await fail(['app', 'set', id])).toBe('Nothing to change. Give at least one option.\n')
    expect(await fail(['app', 'set', id, '--scope', 'unknown:scope'])).toContain('Known scopes: base, users:read')
    expect(await fail(['app', 'set', id, '--redirect-uri', 'localhost:3000/cb'])).toContain(
      'Did you mean http://localhost',
    )
    expect(await fail(['app', 'set', id, '--redirect-uri', 'https://a.example/*'])).toContain('match exactly')
    expect(await fail(['app', 'set', id, '--redirect-uri', 'cursor://cb'])).toContain('--allow-scheme cursor')
    const cursor = await run('app', 'set', id, '--redirect-uri', 'cursor://cb', '--allow-scheme', 'cursor')
    expect(cursor.redirect_uris).toEqual(['cursor://cb'])
    expect(await fail(['app', 'delete', id])).toContain('Add --yes')
    expect(await run('app', 'delete', id, '--yes')).toMatchObject({ deleted: true, installations: 1 })
    expect(await authenticates(third)).toBe(false)
    expect(await fail(['app', 'show', id])).toBe(`There is no app ${id}.\n`)
    expect((await run('app', 'list', '--search', 'sandbox')).map((row: { name: string }) => row.name)).toEqual([
      'Sandbox App',
    ])
  })

  it('app show tells everything that the admin API tells of an app', async () => {
    const { client_id: id } = await run('app', 'create', '--name', 'Strict', '--redirect-uri', 'http://localhost/cb')
    const required = ['--require-pkce', 'yes', '--require-par', 'yes', '--require-dpop', 'yes']
    await run('app', 'set', id, ...required)
    const facts = await run('app', 'show', id)
    expect(facts).toMatchObject({ require_pkce: true, require_par: true, require_dpop: true })
    // `verified_at` tells it: a moment, or null.
    const { verified, ...told } = appSchema.shape
    expect(Object.keys(facts)).toEqual(expect.arrayContaining(Object.keys(told)))
  })

  it('app create knows the scopes of the server’s configuration', async () => {
    const config = join(folder.path, 'config.json')
    writeFileSync(config, JSON.stringify({ scopes: { 'deals:read': { en: 'Read deals' } } }))
    const create = [
      'app',
      'create',
      '--name',
      'Deals',
      '--redirect-uri',
      'https://x.example/cb',
      '--scope',
      'deals:read',
    ]
    expect(await fail(create)).toContain('unknown scope deals:read')
    expect((await run(...create, '--config', config)).scopes).toEqual(['deals:read'])
  })

  it('an app with an uninstall URL is not registered under a secret that the server does not have', async () => {
    const elsewhere = join(folder.path, 'elsewhere')
    await runCommand(['migrate', '--data', elsewhere])
    const args = ['app', 'create', '--data', elsewhere, '--name', 'x', '--redirect-uri', 'https://x.example/cb']
    const { code, stderr } = await runCommand([...args, '--uninstall-url', 'https://x.example.com/gone'])
    expect([code, stderr]).toEqual([1, expect.stringContaining('Set TENANTRY_SECRETS')])
    const environment = { TENANTRY_SECRETS: 'a secret that is long enough for everybody' }
    const local = await runCommand([...args, '--uninstall-url', 'http://127.0.0.1/gone'], { environment })
    expect([local.code, local.stderr]).toEqual([1, expect.stringContaining('must use https')])
    expect((await runCommand([...args, '--uninstall-url', 'https://x.example.com/gone'], { environment })).code).toBe(0)
  })
})
