import { describe, expect, it } from 'vitest'
import {
  database,
  fail,
  install,
  me,
  run,
  useServerBesideCommands,
} from '../../../../tests/support/commands-beside-server.ts'
import { runCommand } from '../../../../tests/support/sandbox-process.ts'

describe('`tenantry user` and `tenantry member`', () => {
  useServerBesideCommands()

  it('user create, set-password, deactivate, activate, list, delete; member add, set, remove', async () => {
    const user = await run(
      'user',
      'create',
      '--email',
      'Blofeld@Spectre.example',
      '--name',
      'Ernst Stavro Blofeld',
      '--locale',
      'de_DE',
    )
    expect(user).toMatchObject({ user_id: 791, email: 'blofeld@spectre.example', locale: 'de_DE', active: true })
    const whom = ['--company', '1', '--user', '791']
    expect(await run('member', 'add', ...whom, '--admin', 'yes', '--timezone', 'Europe/Zurich')).toMatchObject({
      is_admin: true,
      locale: 'de_DE',
    })
    expect(await fail(['member', 'add', ...whom])).toContain('is a member of company 1 already')

    const set = await runCommand(['user', 'set-password', '791', ...database.flags], {
      input: 'white-persian-cat\n',
    })
    expect(set).toMatchObject({ code: 0, stderr: '' })
    expect(await fail(['user', 'set-password', '791'], 'short\n')).toContain('at least 8 characters')
    expect(await fail(['user', 'set-password', '791'])).toContain('Standard input has no password')
    expect(await fail(['user', 'set-password', '791', 'as-an-argument'])).toContain('too many arguments')

    const { access_token } = await install('blofeld@spectre.example', 'white-persian-cat')
    await run('member', 'set', ...whom, '--email', 'ernst@mi6.example', '--active', 'yes')
    expect((await (await me(access_token)).json()) as unknown).toMatchObject({ data: { email: 'ernst@mi6.example' } })
    await run('user', 'deactivate', '791')
    expect((await me(access_token)).status).toBe(401)
    await run('user', 'activate', '791')
    expect((await me(access_token)).status).toBe(200)
    await run('member', 'set', ...whom, '--active', 'no')
    expect((await me(access_token)).status).toBe(401)
    expect(await fail(['member', 'set', ...whom, '--timezone', 'Mars/Olympus', '--locale', 'x'])).toMatch(
      /locale: .*\ntimezone: /,
    )
    expect(await fail(['member', 'set', ...whom])).toContain('Nothing to change')
    await run('member', 'remove', ...whom)
    expect(await fail(['member', 'remove', ...whom])).toContain('is not a member')

    expect(await fail(['user', 'delete', '791'])).toContain('Add --yes')
    expect((await runCommand(['user', 'delete', '791', '--dry-run', ...database.flags])).code).toBe(0)
    await run('user', 'delete', '791', '--yes')
    const users = (await run('user', 'list')) as { user_id: number }[]
    expect(users.map(({ user_id }) => user_id)).not.toContain(791)
    const next = await run('user', 'create', '--email', 'blofeld@spectre.example', '--name', 'Another Blofeld')
    expect(next.user_id).toBe(792)
  })

  it('user show, set; member list; filters and pages', async () => {
    const made = await run('user', 'create', '--email', 'lynd@bücher.example', '--name', 'Lynd', '--locale', 'es-419')
    expect(made).toMatchObject({ email: 'lynd@bücher.example', locale: 'es_419' })
    const id = String(made.user_id)
    const set = await run(
      'user',
      'set',
      id,
      '--name',
      'V. Lynd',
      '--email',
      'vl@mi6.example',
      '--timezone',
      'asia/calcutta',
    )
    expect(set).toMatchObject({ name: 'V. Lynd', email: 'vl@mi6.example', timezone: 'Asia/Kolkata' })
    expect(await run('user', 'list', '--email', 'lynd@xn--bcher-kva.example')).toEqual([])
    expect((await run('user', 'list', '--email', 'VL@mi6.example')).map((row: { name: string }) => row.name)).toEqual([
      'V. Lynd',
    ])
    expect(await fail(['user', 'set', id, '--email', 'q@mi6.example'])).toContain('belongs to another user')
    expect(await fail(['user', 'set', id, '--email', 'jürgen@mi6.example'])).toContain('browser')
    expect(await fail(['user', 'set', id, '--timezone', '+05:30'])).toContain('IANA time zone')
    for (const locale of ['english', 'en_', 'es_41']) {
      expect(await fail(['user', 'set', id, '--locale', locale])).toContain('language tag')
    }
    const show = await run('user', 'show', '777')
    expect(show).toMatchObject({ companies: [1, 2], has_password: true })
    expect(show.memberships.map((each: { company_id: number }) => each.company_id)).toEqual([1, 2])
    const ids = (rows: { user_id: number }[]) => rows.map(({ user_id }) => user_id)
    expect(ids(await run('user', 'list', '--company', '2', '--search', 'bond'))).toEqual([777])
    expect(ids(await run('member', 'list', '--company', '1', '--user', '777'))).toEqual([777])
    const first = await runCommand(['member', 'list', '--company', '1', '--limit', '2', '--json', ...database.flags])
    expect([ids(JSON.parse(first.stdout)), first.stderr]).toEqual([[777, 778], 'There are more: give --page 2.\n'])
    expect(await fail(['member', 'list', '--company', '99'])).toBe('There is no company 99.\n')
    expect(await run('installation', 'list', '--company', '1', '--user', '777', '--client', 'none')).toEqual([])
    await run('user', 'delete', id, '--yes')
  })
})
