import { describe, expect, it } from 'vitest'
import { Client } from '../../../../tests/support/client.ts'
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
import { Person } from '../../../../tests/support/person.ts'
import { runCommand } from '../../../../tests/support/sandbox-process.ts'

describe('`tenantry installation` and `tenantry token`', () => {
  useServerBesideCommands()

  it('installation list, remove; token revoke', async () => {
    const { access_token } = await install('q@mi6.example')
    const listed = (await run('installation', 'list')) as Record<string, unknown>[]
    expect(listed).toContainEqual({
      company_id: 1,
      user_id: 780,
      client_id: 'sandbox-app',
      status: 'installed',
      kind: 'user',
      scopes: ['base', 'users:read'],
      since: expect.any(String),
      uninstall_attempts: null,
      next_attempt_at: null,
      last_error: null,
    })
    const revoked = await runCommand(['token', 'revoke', ...database.flags], { input: `${access_token}\n` })
    expect(revoked).toMatchObject({ code: 0, stdout: 'Revoked: 1.\n' })
    expect((await me(access_token)).status).toBe(401)
    const again = await install('q@mi6.example')
    await run('token', 'revoke', '--user', '780')
    expect((await me(again.access_token)).status).toBe(401)
    const third = await install('q@mi6.example')
    const which = ['--company', '1', '--user', '780', '--client', 'sandbox-app']
    await run('installation', 'remove', ...which)
    expect((await me(third.access_token)).status).toBe(401)
    expect(await fail(['installation', 'remove', ...which])).toContain('is not installed')
    expect(await fail(['token', 'revoke'], 'garbage')).toContain('not a Tenantry token')
  })

  it('installation set and access say what an app that is installed for a company may do, and for whom', async () => {
    const app = ['--name', 'For all', '--redirect-uri', 'http://127.0.0.1/callback', '--install', 'both']
    const { client_id } = await run('app', 'create', ...app, '--scope', 'base users:read')
    const client = new Client(fetchSandbox, client_id, null, 'http://127.0.0.1:5999/callback')
    const of = ['--company', '1', '--client', client_id]
    expect(await fail(['installation', 'set', ...of, '--audience', 'named'])).toContain(
      'is not installed for company 1',
    )
    const m = new Person(fetchSandbox)
    const choice = { email: 'm@mi6.example', password: sandbox.facts.password, company: 1 }
    const page = await m.reachConsent(client, choice)
    await m.submit(page, { decision: 'allow', install_for: 'company' })
    const kinds = (await run('installation', 'list', '--client', client_id)) as { kind: string }[]
    expect(kinds).toMatchObject([{ kind: 'company' }])
    expect(await run('installation', 'set', ...of, '--audience', 'named', '--scope', 'base')).toMatchObject({
      scopes: ['base'],
      audience: 'named',
    })
    const excluding = ['installation', 'access', ...of, '--user', '779']
    expect(await run(...excluding, 'excluded')).toMatchObject({ user_id: 779, access: 'excluded' })
    expect(await run(...excluding, 'none')).toMatchObject({ access: null })
    expect(await fail([...excluding, 'maybe'])).toContain('maybe is none of allowed, excluded and none')
    expect(await fail(['installation', 'set', ...of])).toContain('Nothing to change')
  })

  it('an uninstall that the app did not hear of is listed', async () => {
    const { client_id } = await run(
      'app',
      'create',
      '--name',
      'Deaf',
      '--redirect-uri',
      'http://127.0.0.1/callback',
      '--uninstall-url',
      'http://127.0.0.1:9/gone',
    )
    const { client_secret } = await run('app', 'rotate-secret', client_id)
    const client = new Client(fetchSandbox, client_id, client_secret, 'http://127.0.0.1:5999/callback')
    const code = await new Person(fetchSandbox).code(client, {
      email: 'q@mi6.example',
      password: sandbox.facts.password,
    })
    await client.revoke((await client.tokens(code)).refresh_token)
    await expect
      .poll(async () =>
        (await run('installation', 'list')).find((row: { client_id: string }) => row.client_id === client_id),
      )
      .toMatchObject({ status: 'uninstall-pending', last_error: expect.stringContaining('ECONNREFUSED') })
  })
})
