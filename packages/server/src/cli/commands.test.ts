import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Client } from '../../../../tests/support/client.ts'
import { makeTestDatabase, type TestDatabase } from '../../../../tests/support/database.ts'
import { Person } from '../../../../tests/support/person.ts'
import {
  type RunningSandbox,
  runCommand,
  startSandbox,
  temporaryFolder,
} from '../../../../tests/support/sandbox-process.ts'
import { sqliteMigrations } from '../store/migrations/migration.ts'
import { migrations, newestVersion } from '../store/migrations/migrations.ts'

const namesOfMigrations = migrations
  .filter(({ statements }) => statements(sqliteMigrations).length > 0)
  .map(({ name }) => name)

/** Every command, on the data of a server that runs meanwhile. */
describe('the command line beside a running server', () => {
  const folder = temporaryFolder()
  let database: TestDatabase
  let sandbox: RunningSandbox

  beforeAll(async () => {
    database = await makeTestDatabase()
    sandbox = await startSandbox(database.flags)
  })
  afterAll(async () => {
    await sandbox.stop()
    await database.remove()
    folder.remove()
  })

  async function run(...args: string[]) {
    const { code, stdout, stderr } = await runCommand([...args, ...database.flags, '--json'])
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' })
    return JSON.parse(stdout)
  }

  async function fail(args: string[], input = '') {
    const { code, stdout, stderr } = await runCommand([...args, ...database.flags], { input })
    expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: '' })
    expect(stderr).not.toContain('    at ')
    return stderr
  }

  const fetchSandbox = (path: string, init?: RequestInit) => fetch(new URL(path, sandbox.facts.origin), init)
  const me = (token: string) => fetchSandbox('/users/me', { headers: { Authorization: `Bearer ${token}` } })

  async function install(email: string, password = sandbox.facts.password, company?: number) {
    const client = new Client(
      fetchSandbox,
      sandbox.facts.client_id,
      sandbox.facts.client_secret,
      'http://127.0.0.1:5999/callback',
    )
    const choice = company === undefined ? { email, password } : { email, password, company }
    return client.tokens(await new Person(fetchSandbox).code(client, choice))
  }

  it('company create, list, suspend, resume', async () => {
    const made = await run('company', 'create', '--name', 'Spectre', '--domain', 'spectre', '--country', 'CH')
    expect(made).toMatchObject({ company_id: 4, name: 'Spectre', domain: 'spectre', country: 'CH', suspended: false })
    expect((await run('company', 'list')).map(({ company_id }: { company_id: number }) => company_id)).toEqual([
      1, 2, 3, 4,
    ])
    expect(await fail(['company', 'create', '--name', 'Again', '--domain', 'spectre'])).toContain('belongs to company')
    expect(await fail(['company', 'create', '--name', ' ', '--domain', 'No Domain'])).toMatch(/name: .*\ndomain: /)

    const { access_token } = await install('m@mi6.example', undefined, 2)
    expect((await me(access_token)).status).toBe(200)
    await run('company', 'suspend', '2')
    expect((await me(access_token)).status).toBe(401)
    await run('company', 'resume', '2')
    expect((await me(access_token)).status).toBe(200)
    expect(await fail(['company', 'suspend', '99'])).toBe('There is no company 99.\n')
    expect(await fail(['company', 'suspend', 'one'])).toContain('positive integer')
  })

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

  it('company show, set, delete, release-domain', async () => {
    const { company_id } = await run('company', 'create', '--name', 'Quantum', '--domain', 'quantum')
    const id = String(company_id)
    expect(await run('company', 'set', id, '--name', 'Quantum Ltd', '--domain', 'greene-planet')).toMatchObject({
      name: 'Quantum Ltd',
      domain: 'greene-planet',
    })
    expect((await run('company', 'show', id)).domains).toEqual(['greene-planet', 'quantum'])
    expect(await fail(['company', 'create', '--name', 'Other', '--domain', 'quantum'])).toContain(`company ${id}`)
    expect(await fail(['company', 'set', '1', '--domain', 'quantum'])).toContain('release-domain quantum')
    expect(await fail(['company', 'release-domain', 'greene-planet'])).toContain('uses the domain')
    await run('company', 'release-domain', 'quantum')
    const other = await run('company', 'create', '--name', 'Other', '--domain', 'quantum')
    expect(await fail(['company', 'set', id])).toBe('Nothing to change. Give at least one option.\n')
    await run('member', 'add', '--company', id, '--user', '780')
    expect(await run('company', 'delete', id, '--yes')).toMatchObject({ deleted: true, memberships: 1 })
    expect(await fail(['company', 'show', id])).toBe(`There is no company ${id}.\n`)
    expect(await fail(['company', 'create', '--name', 'Again', '--domain', 'greene-planet'])).toContain(
      'or belonged to it',
    )
    expect((await run('user', 'show', '780')).companies).toEqual([1])
    await run('company', 'delete', String(other.company_id), '--yes')
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

  it('mistakes are told as sentences, and as JSON to those who ask for JSON', async () => {
    for (const args of [
      ['company', 'suspend', '99'],
      ['company', 'suspend', 'one'],
      ['nope'],
      ['help', 'nope'],
      ['token', 'revoke', '--company', '99'],
      ['company', 'create', '--name', ' ', '--domain', 'x'],
    ]) {
      const { code, stdout, stderr } = await runCommand([
        ...args,
        '--json',
        ...(args[0] === 'help' ? [] : database.flags),
      ])
      expect([args, code, stdout]).toEqual([args, 1, ''])
      expect([args, JSON.parse(stderr)]).toEqual([args, { error: expect.any(String) }])
    }
    const folder = ['export', '--output', '/nonexistent/x', ...database.flags]
    expect((await runCommand(folder)).stderr).toMatch(
      /^\/nonexistent\/x\S* cannot be opened or written: there is no such/,
    )
    expect((await runCommand(['key', 'list', ...database.flags])).code).toBe(0)
  })

  it('completes commands in bash, zsh and fish', async () => {
    const { stdout } = await runCommand(['completion', 'bash'])
    const { spawnSync } = await import('node:child_process')
    const complete = (...words: string[]) =>
      spawnSync(
        'bash',
        [
          '-c',
          `${stdout}\nCOMP_WORDS=(tenantry ${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _tenantry; echo "\${COMPREPLY[@]}"`,
        ],
        { encoding: 'utf8' },
      ).stdout.trim()
    expect(complete('comp')).toBe('company completion')
    expect(complete('company', 'rel')).toBe('release-domain')
    expect(complete('app', 'set', 'x', '--redirect')).toBe('--redirect-uri')
    for (const shell of ['zsh', 'fish']) expect((await runCommand(['completion', shell])).code).toBe(0)
  })

  it('installation list, remove; token revoke', async () => {
    const { access_token } = await install('q@mi6.example')
    const listed = (await run('installation', 'list')) as Record<string, unknown>[]
    expect(listed).toContainEqual({
      company_id: 1,
      user_id: 780,
      client_id: 'sandbox-app',
      status: 'installed',
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

  it('prints tables for people', async () => {
    const { stdout } = await runCommand(['company', 'list', ...database.flags])
    expect(stdout.split('\n')[0]).toMatch(/^company_id +name +domain +country +industry +suspended +created_at$/)
    expect(stdout).toMatch(/^1 +MI6 +casinoroyale +EE +Software, App Development +no +/m)
  })

  it.each([
    ['dev'],
    ['serve'],
    ['migrate'],
    ['company', 'create'],
    ['company', 'list'],
    ['company', 'show'],
    ['company', 'set'],
    ['company', 'delete'],
    ['company', 'release-domain'],
    ['company', 'suspend'],
    ['company', 'resume'],
    ['user', 'create'],
    ['user', 'list'],
    ['user', 'show'],
    ['user', 'set'],
    ['user', 'deactivate'],
    ['user', 'activate'],
    ['user', 'delete'],
    ['user', 'set-password'],
    ['member', 'add'],
    ['member', 'list'],
    ['member', 'remove'],
    ['member', 'set'],
    ['app', 'create'],
    ['app', 'list'],
    ['app', 'show'],
    ['app', 'set'],
    ['app', 'delete'],
    ['app', 'rotate-secret'],
    ['app', 'disable'],
    ['app', 'enable'],
    ['installation', 'list'],
    ['installation', 'remove'],
    ['token', 'revoke'],
    ['completion'],
    ['key', 'list'],
    ['key', 'rotate'],
    ['export'],
    ['import'],
    ['copy'],
    ['backup'],
    ['restore'],
    ['load'],
  ])('%s %s explains itself with --help', async (...command) => {
    const { code, stdout } = await runCommand([...command.filter(Boolean), '--help'])
    expect(stdout).toContain('Example:')
    expect([code, stdout.startsWith(`Usage: tenantry ${command.filter(Boolean).join(' ')}`)]).toEqual([0, true])
  })

  it('tells its version', async () => {
    expect((await runCommand(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('a command that does not exist, and data that are not there, are told in a sentence', async () => {
    expect((await runCommand(['companies'])).stderr).toContain("unknown command 'companies'")
    const { code, stderr } = await runCommand(['company', 'list', '--data', join(folder.path, 'nowhere')])
    expect([code, stderr]).toEqual([1, expect.stringContaining('There is no database in')])
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

  it('migrate makes a database, says so, and refuses one of a newer program', async () => {
    const fresh = join(folder.path, 'fresh')
    const first = await runCommand(['migrate', '--data', fresh, '--json'])
    expect(JSON.parse(first.stdout)).toMatchObject({
      version: newestVersion,
      applied: namesOfMigrations,
    })
    expect(JSON.parse((await runCommand(['migrate', '--data', fresh, '--json'])).stdout)).toMatchObject({ applied: [] })
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(join(fresh, 'tenantry.db'))
    database.exec("INSERT INTO migrations (version, name, applied_at) VALUES (99, 'of the future', 0)")
    database.close()
    const newer = await runCommand(['migrate', '--data', fresh])
    expect([newer.code, newer.stderr]).toEqual([1, expect.stringContaining('schema version 99')])
    writeFileSync(join(fresh, 'tenantry.db'), 'garbage'.repeat(1000))
    const broken = await runCommand(['migrate', '--data', fresh])
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringContaining('is not a database')])
  })
})
