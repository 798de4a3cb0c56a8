import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client } from '../../../../tests/support/client.ts'
import { makeTestDatabase, type TestDatabase } from '../../../../tests/support/database.ts'
import { Person } from '../../../../tests/support/person.ts'
import { isCitus } from '../../../../tests/support/postgres.ts'
import { onPostgres } from '../../../../tests/support/provider.ts'
import { runCommand, startCommand, startSandbox } from '../../../../tests/support/sandbox-process.ts'
import { postgresMigrations } from '../store/migrations/migration.ts'
import { migrations, newestVersion } from '../store/migrations/migrations.ts'

const namesOfMigrations = migrations
  .filter(({ statements }) => statements(postgresMigrations).length > 0)
  .map(({ name }) => name)

const SECRETS = 'a secret that is long enough for everybody'

describe.skipIf(!onPostgres)('a PostgreSQL database, by flag or variable', () => {
  let database: TestDatabase
  let url: string

  beforeEach(async () => {
    database = await makeTestDatabase()
    url = database.environment.TENANTRY_DATABASE_URL!
  })
  afterEach(() => database.remove())

  const at = (origin: string) => (path: string, init?: RequestInit) => fetch(new URL(path, origin), init)

  it('dev seeds a sandbox there, more nodes join it, and what one gives the others know', async () => {
    const first = await startSandbox(database.flags)
    const [second, third] = await Promise.all([
      startSandbox([...database.flags, '--no-seed']),
      startSandbox([...database.flags, '--no-seed']),
    ])
    expect(second.facts).toMatchObject({
      client_id: first.facts.client_id,
      client_secret: first.facts.client_secret,
      users: first.facts.users,
    })
    // Signs in at one, allows at another, exchanges at the third: as behind a balancer that deals in turn.
    const origins = [first, second, third].map(({ facts }) => facts.origin)
    let turn = 0
    const person = new Person((path, init) => at(origins[turn++ % 3]!)(path, init))
    const { client_id, client_secret } = first.facts
    const client = new Client(at(origins[1]!), client_id, client_secret, 'http://127.0.0.1:5999/callback')
    const tokens = await client.tokens(await person.code(client, { company: 2 }))
    const elsewhere = new Client(at(origins[2]!), client_id, client_secret, 'http://127.0.0.1:5999/callback')
    const refreshed = await Promise.all([client, elsewhere].map(node => node.refreshed(tokens.refresh_token)))
    expect(refreshed[0]).toMatchObject({ refresh_token: refreshed[1]!.refresh_token })
    await elsewhere.revoke(refreshed[0]!.refresh_token)
    expect((await client.me(tokens.access_token)).status).toBe(401)
    for (const { log } of [first, second, third]) expect(log()).toBe('')
    expect(await Promise.all([first, second, third].map(({ stop }) => stop()))).toEqual([0, 0, 0])
  })

  it('nodes that start at the same moment on an empty database make one sandbox', async () => {
    const nodes = await Promise.all([1, 2, 3].map(() => startSandbox(database.flags)))
    expect(new Set(nodes.map(({ facts }) => facts.client_secret)).size).toBe(1)
    for (const { facts } of nodes) {
      const headers = { Authorization: `Bearer ${facts.access_token}` }
      expect((await at(facts.origin)('/users/me', { headers })).status).toBe(200)
    }
    await Promise.all(nodes.map(({ stop }) => stop()))
  })

  it.skipIf(isCitus)('there must be a sandbox for a node to join', async () => {
    const none = await runCommand(['dev', '--port', '0', '--no-seed', ...database.flags])
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('Run `tenantry migrate` first')])
    await runCommand(['migrate', ...database.flags])
    const empty = await runCommand(['dev', '--port', '0', '--no-seed', ...database.flags])
    expect([empty.code, empty.stderr]).toEqual([1, expect.stringMatching(/^There is no sandbox in postgres:\/\/.*\n$/)])
  })

  it.skipIf(isCitus)(
    'migrate, the commands and serve use it, by variable too, and say where without the password',
    async () => {
      const environment = { TENANTRY_DATABASE_URL: url.replace('tenantry@', 'tenantry:hush@') }
      const made = JSON.parse((await runCommand(['migrate', '--json'], { environment })).stdout)
      expect(made).toMatchObject({
        version: newestVersion,
        applied: namesOfMigrations,
      })
      expect(made.database).toMatch(/^postgres:\/\/127\.0\.0\.1:\d+\/postgres$/)
      await runCommand(['company', 'create', '--name', 'MI6', '--domain', 'mi6'], { environment })
      const child = startCommand(['serve', '--port', '0'], {
        ...environment,
        TENANTRY_ORIGIN: 'https://id.example',
        TENANTRY_SECRETS: SECRETS,
      })
      const ended = new Promise(resolve => child.on('close', resolve))
      const ready = await new Promise<{ port: number; msg: string }>(resolve => {
        createInterface({ input: child.stdout! }).once('line', line => resolve(JSON.parse(line)))
      })
      expect(ready.msg).toBe('ready')
      expect((await fetch(`http://127.0.0.1:${ready.port}/readyz`)).status).toBe(200)
      child.kill('SIGTERM')
      expect(await ended).toBe(0)
    },
  )

  it('serve refuses a sandbox in PostgreSQL', async () => {
    const sandbox = await startSandbox(database.flags)
    await sandbox.stop()
    const { code, stderr } = await runCommand(['serve', '--port', '0', ...database.flags], {
      environment: { TENANTRY_ORIGIN: 'https://id.example', TENANTRY_SECRETS: SECRETS },
    })
    expect([code, stderr]).toEqual([1, expect.stringContaining('is a sandbox, whose passwords are public')])
  })

  it('keys are listed and rotated', async () => {
    const sandbox = await startSandbox(database.flags)
    const rotated = JSON.parse((await runCommand(['key', 'rotate', '--json', ...database.flags])).stdout)
    expect(rotated).toMatchObject({ key_id: 2 })
    const keys = JSON.parse((await runCommand(['key', 'list', '--json', ...database.flags])).stdout)
    expect(keys.map(({ state }: { state: string }) => state)).toEqual(['coming', 'current'])
    await sandbox.stop()
    const wrong = await runCommand(['key', 'rotate', ...database.flags], { environment: { TENANTRY_SECRETS: SECRETS } })
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('sealed under another secret')])
  })

  it.each([
    [['--data', 'x', '--database', 'postgres://localhost/x'], {}, '--data and --database name two databases'],
    [[], { TENANTRY_DATA: 'x', TENANTRY_DATABASE_URL: 'postgres://localhost/x' }, 'name two databases'],
    [['--database', 'mysql://localhost/x'], {}, 'it must be one such as postgres://'],
    [['--database', 'postgres://127.0.0.1:1/x'], {}, 'Is it running, and reachable from here?'],
  ])('a database address and folder that do not fit are refused: %j and %j', async (flags, environment, sentence) => {
    const { code, stderr } = await runCommand(['company', 'list', ...flags], { environment })
    expect([code, stderr]).toEqual([1, expect.stringContaining(sentence)])
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})
