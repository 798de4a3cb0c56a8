import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import pg from 'pg'
import { pino } from 'pino'
import { createTenantry, type Tenantry } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SANDBOX_SECRET } from '../packages/server/src/sandbox/seed.ts'
import type { Migration } from '../packages/server/src/store/migrations/migration.ts'
import { migrations, newestVersion as newest } from '../packages/server/src/store/migrations/migrations.ts'
import { newUnlimitedClient } from '../packages/server/src/store/postgres/connection.ts'
import { migratePostgres } from '../packages/server/src/store/postgres/migrate.ts'
import { Session } from '../packages/server/src/store/postgres/session.ts'
import { migrate } from '../packages/server/src/store/sqlite/migrate.ts'
import { Client, type TokenAnswer } from './support/client.ts'
import { Person } from './support/person.ts'
import { isCitus } from './support/postgres.ts'
import { makePreparedSchema, makeSchema } from './support/postgres-schema.ts'
import { MI6, ORIGIN, onPostgres, SECRET, startProvider, type TestProvider } from './support/provider.ts'
import { runCommand, temporaryFolder } from './support/sandbox-process.ts'

const tables = [
  'users',
  'memberships',
  'companies',
  'apps',
  'installations',
  'access_tokens',
  'refresh_tokens',
  'authorization_codes',
  'sessions',
  'attempt_limits',
  'uninstall_callbacks',
  'settings',
  'leases',
  'client_secrets',
]

/** What a next program's steps may do while this one runs: they widen. */
const widening: Migration[] = [
  {
    version: newest + 1,
    name: 'wider tables',
    worksWith: newest,
    statements: ({ integer }) =>
      tables.map(table => `ALTER TABLE ${table} ADD COLUMN of_the_next_program ${integer} NOT NULL DEFAULT 7`),
  },
  {
    version: newest + 2,
    name: 'a new table',
    worksWith: newest,
    statements: ({ integer }) => [
      `CREATE TABLE of_the_next_program (id ${integer} PRIMARY KEY, note TEXT)`,
      'CREATE INDEX users_of_the_next_program ON users (of_the_next_program)',
    ],
  },
]

const narrowing: Migration = {
  version: newest + 3,
  name: 'narrower',
  statements: () => ['DROP TABLE of_the_next_program'],
}

describe.skipIf(isCitus)('a rolling upgrade', () => {
  let provider: TestProvider
  let store: { path: string } | { url: string }
  let step: (steps: readonly Migration[]) => Promise<unknown>
  let close: () => Promise<unknown>
  const logged: unknown[] = []

  beforeEach(async () => {
    const folder = temporaryFolder()
    const schema = onPostgres ? await makePreparedSchema() : undefined
    const path = join(folder.path, 'upgraded.db')
    store = schema ? { url: schema.url } : { path }
    step = async steps => {
      if (!schema) {
        const database = new DatabaseSync(path, { timeout: 5000 })
        migrate(database, [...migrations, ...steps])
        return database.close()
      }
      const client = newUnlimitedClient(schema.url)
      await client.connect()
      await migratePostgres(new Session(client, false), [...migrations, ...steps])
      return client.end()
    }
    logged.length = 0
    const logger = pino({ level: 'warn' }, { write: line => logged.push(JSON.parse(line).err?.message) })
    provider = await startProvider({ store, clock: Date.now, logger })
    close = async () => {
      await provider.close()
      // A schema that was changed is not used again.
      folder.remove()
    }
  })
  afterEach(() => close())

  const another = () => createTenantry({ store: { ...store, migrate: false }, secrets: [SECRET], origin: ORIGIN })

  it('running nodes under load do not notice a rolling upgrade, and they can be started again', async () => {
    const client = await provider.registerApp()
    let tokens = await client.tokens(await provider.person().code(client, { company: MI6 }))
    let running = true
    const wrong: number[] = []
    let rounds = 0
    const load = (async () => {
      while (running) {
        const refreshed = await client.refresh(tokens.refresh_token)
        if (refreshed.status === 200) tokens = (await refreshed.json()) as TokenAnswer
        const person = provider.person()
        const me = await client.me(tokens.access_token)
        const again = await client.exchange(await person.code(client, { company: MI6 }))
        const page = await person.open('/connected-apps')
        wrong.push(...[refreshed, me, again, page].map(({ status }) => status).filter(status => status !== 200))
        rounds += 1
      }
    })()
    await expect.poll(() => rounds).toBeGreaterThan(2)
    for (const each of widening) await step([each])
    const until = rounds + 3
    await expect.poll(() => rounds).toBeGreaterThan(until)
    running = false
    await load
    expect({ wrong, logged }).toEqual({ wrong: [], logged: [] })

    const restarted = another()
    await restarted.ready
    const request = new Request(`${ORIGIN}/users/me`, { headers: { Authorization: `Bearer ${tokens.access_token}` } })
    expect((await restarted.fetch(request)).status).toBe(200)
    await restarted.close()
  })

  it('a node refuses to start on a schema with a migration that does not work with its version', async () => {
    await step(widening)
    await step([narrowing])
    const open = async () => {
      const other = another()
      await other.ready.finally(() => other.close())
    }
    await expect(open()).rejects.toThrow(/schema version \d+, and this program knows up to \d+\. Use the newer program/)
  })
})

/** Within the hour for which the access tokens of the fixtures were valid. */
const fixtureTime = { sqlite: Date.UTC(2026, 10, 25, 17), postgres: Date.UTC(2026, 10, 25, 20, 30) }

function readFixture(name: string): Buffer {
  return readFileSync(new URL(`./fixtures/${name}`, import.meta.url))
}

async function requireWorkingSandbox(tenantry: Tenantry, held: Record<string, string>) {
  await tenantry.ready
  const request = (path: string, init?: RequestInit) => tenantry.fetch(new Request(new URL(path, ORIGIN), init))
  const client = new Client(request, held.client_id!, held.client_secret!, 'http://127.0.0.1:5999/callback')
  const me = (await (await client.me(held.access_token!)).json()) as { data: { name: string; company_id: number } }
  expect(me.data).toMatchObject({ name: 'James Bond', company_id: 1 })
  const tokens = await client.tokens(await new Person(request).code(client, { password: held.password!, company: 2 }))
  expect((await client.refresh(tokens.refresh_token)).status).toBe(200)
}

describe.skipIf(onPostgres)('a backup of schema version 5', () => {
  it('a backup of schema version 5 is restored and upgraded with everything in it', async () => {
    const folder = temporaryFolder()
    const held = JSON.parse(readFixture('backup-of-schema-5.json').toString()) as Record<string, string>
    const backup = join(folder.path, 'backup.db')
    writeFileSync(backup, gunzipSync(readFixture('backup-of-schema-5.db.gz')))
    const data = join(folder.path, 'restored')
    expect(await runCommand(['restore', '--from', backup, '--data', data])).toMatchObject({ code: 0 })
    expect(await runCommand(['migrate', '--data', data])).toMatchObject({ code: 0 })
    const tenantry = createTenantry({
      store: { path: join(data, 'tenantry.db'), migrate: false },
      secrets: [held.secret!],
      origin: ORIGIN,
      clock: () => fixtureTime.sqlite,
    })
    await requireWorkingSandbox(tenantry, held)
    await tenantry.close()
    folder.remove()
  })
})

describe.skipIf(!onPostgres || isCitus)('a PostgreSQL database of schema version 5', () => {
  it('a PostgreSQL database of schema version 5 is upgraded with everything in it, and keeps the column that earlier versions read', async () => {
    const { url, remove } = await makeSchema()
    const held = JSON.parse(readFixture('postgres-of-schema-5.json').toString()) as Record<string, string>
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(gunzipSync(readFixture('postgres-of-schema-5.sql.gz')).toString().replaceAll('public.', ''))
    expect(await runCommand(['migrate', '--database', url])).toMatchObject({ code: 0 })
    const { rows } = await client.query('SELECT client_id, profile, wire FROM apps WHERE client_id = $1', [
      held.old_app,
    ])
    expect(rows).toEqual([{ client_id: held.old_app, profile: 'pipedrive', wire: 'pipedrive' }])
    await client.end()
    const tenantry = createTenantry({
      store: { url, migrate: false },
      secrets: [SANDBOX_SECRET],
      origin: ORIGIN,
      clock: () => fixtureTime.postgres,
    })
    await requireWorkingSandbox(tenantry, held)
    await tenantry.close()
    await remove()
  })
})
