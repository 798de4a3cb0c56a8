import pino from 'pino'
import postgres, { type Sql } from 'postgres'
import { createTenantry, forgetAttempts, type Tenantry } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { migrateDatabase } from '../packages/server/src/store/postgres/postgres-store.ts'
import type { Client, TokenAnswer } from './support/client.ts'
import { isCitus, makeDatabase, postgresUrl } from './support/postgres.ts'
import { BOND_EMAIL, MI6, ORIGIN, SECRET, startProvider, type TestProvider } from './support/provider.ts'

/** What an administrator of the database does to it, and what the servers and their operators see of that. */
describe.runIf(postgresUrl && !isCitus)('a PostgreSQL database that its administrator changes', () => {
  let database: Awaited<ReturnType<typeof makeDatabase>>
  let admin: Sql
  let role: string
  let url: string
  let provider: TestProvider
  let client: Client
  let tokens: TokenAnswer
  const lines: { msg: string; reason?: string; err?: { message: string } }[] = []

  beforeEach(async () => {
    lines.length = 0
    database = await makeDatabase()
    admin = postgres(database.url, { max: 1, onnotice: () => {} })
    role = `app_${Math.random().toString(36).slice(2, 10)}`
    await admin.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'p'`)
    await migrateDatabase(database.url)
    await admin.unsafe(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`)
    await admin.unsafe(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`)
    const own = new URL(database.url)
    own.username = role
    own.password = 'p'
    url = own.href
    const logger = pino({ level: 'info' }, { write: line => lines.push(JSON.parse(line)) })
    provider = await startProvider({ store: { url, migrate: false, connections: 4 }, logger, clock: Date.now })
    client = await provider.registerApp()
    tokens = await client.tokens(await provider.person().code(client, { company: MI6 }))
  })
  afterEach(async () => {
    await provider?.close()
    await admin.end()
    await database.remove()
  })

  /** Short, since a failing test prints it. */
  const reported = () => [...new Set(lines.map(({ err }) => err?.message))].join('\n').slice(0, 5000)

  const endConnections = () =>
    admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tenantry' AND usename = ${role}`

  async function readiness(): Promise<unknown[]> {
    const answer = await provider.fetch('/readyz')
    return [answer.status, await answer.json()]
  }

  /** Every kind of write and read that people and apps cause. */
  async function useAll() {
    const refreshed = await client.refresh(tokens.refresh_token)
    if (refreshed.status === 200) tokens = (await refreshed.json()) as TokenAnswer
    const me = await client.me(tokens.access_token)
    const signIn = await provider.person().signIn(BOND_EMAIL)
    return [refreshed, me, signIn].map(({ status, headers }) => [status, headers.get('Retry-After')] as const)
  }

  async function expectRefusedForNow() {
    for (const [status, retryAfter] of await useAll()) {
      // What was there before may still be answered.
      if (status !== 200) expect([status, retryAfter]).toEqual([503, '2'])
    }
    const refresh = await client.refresh(tokens.refresh_token)
    expect([refresh.status, refresh.headers.get('Retry-After')]).toEqual([503, '2'])
  }

  it('a column that is added to each table, and dropped again, under load, is not noticed', async () => {
    const tables = await admin`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`
    let running = true
    const statuses: unknown[] = []
    const load = (async () => {
      while (running) {
        for (const [status] of await useAll()) if (status >= 400) statuses.push(status)
        const person = provider.person()
        await client.tokens(await person.code(client, { company: MI6 }))
        const apps = await person.open('/connected-apps')
        if (apps.status !== 200) statuses.push(apps.status)
      }
    })()
    for (const { tablename } of tables) {
      await admin.unsafe(`ALTER TABLE ${tablename} ADD COLUMN added_by_the_next_program BIGINT NOT NULL DEFAULT 7`)
      await new Promise(resolve => setTimeout(resolve, 30))
    }
    for (const { tablename } of tables) {
      await admin.unsafe(`ALTER TABLE ${tablename} DROP COLUMN added_by_the_next_program`)
      await new Promise(resolve => setTimeout(resolve, 30))
    }
    running = false
    await load
    expect(statuses).toEqual([])
    expect(await readiness()).toEqual([200, { status: 'ready' }])
  })

  it.each([
    ['a read', () => client.me(tokens.access_token)],
    ['a write', () => client.refresh(tokens.refresh_token)],
  ])('%s that deadlocks with an administrator’s statements is tried again', async (_, send) => {
    const other = await admin.reserve()
    await other`BEGIN`
    await other`LOCK TABLE companies IN ACCESS EXCLUSIVE MODE`
    const answer = send()
    await new Promise(resolve => setTimeout(resolve, 300))
    // It waits for the companies, and holds the tokens: a transaction that waits longer is cancelled.
    for (const table of ['access_tokens', 'refresh_tokens', 'memberships']) {
      await other.unsafe(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
    }
    await other`COMMIT`
    other.release()
    expect((await answer).status).toBe(200)
  })

  it('a statement that was prepared for other columns is prepared again', async () => {
    const { db } = provider.runtime.store
    const everything = () => db.selectFrom('settings').selectAll().where('name', '=', 'x').execute()
    // On each of its connections.
    await Promise.all(Array.from({ length: 16 }, everything))
    await admin`ALTER TABLE settings ADD COLUMN one_more TEXT`
    expect(await Promise.all(Array.from({ length: 16 }, everything))).toEqual(Array.from({ length: 16 }, () => []))
  })

  it('a PostgreSQL database that becomes read-only is not ready, and says why, once', async () => {
    const name = new URL(database.url).pathname.slice(1)
    await admin.unsafe(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    await endConnections()
    for (let time = 0; time < 3; time++) {
      expect(await readiness()).toEqual([503, { status: 'unavailable', reason: 'read_only' }])
    }
    await expectRefusedForNow()
    expect((await provider.fetch('/healthz')).status).toBe(200)
    await expect(openAnother()).rejects.toThrow(/read-only/)
    await admin.unsafe(`ALTER DATABASE ${name} RESET default_transaction_read_only`)
    await endConnections()
    await expect.poll(readiness).toEqual([200, { status: 'ready' }])
    expect((await useAll()).map(([status]) => status)).toEqual([200, 200, 200])
    const states = lines.filter(({ msg }) => msg === 'not ready' || msg === 'ready again')
    expect(states.map(({ msg, reason }) => [msg, reason])).toEqual([
      ['not ready', 'read_only'],
      ['ready again', undefined],
    ])
  })

  it('a PostgreSQL database whose rights are taken away is not ready, and the log names the tables', async () => {
    await admin.unsafe(`REVOKE INSERT ON sessions, access_tokens FROM ${role}`)
    expect(await readiness()).toEqual([503, { status: 'unavailable', reason: 'missing_rights' }])
    expect(lines.find(({ msg }) => msg === 'not ready')?.err?.message).toContain('access_tokens, sessions')
    await expectRefusedForNow()
    await expect(openAnother()).rejects.toThrow(/may not read and write access_tokens, sessions/)
    await admin.unsafe(`GRANT INSERT ON sessions, access_tokens TO ${role}`)
    await expect.poll(readiness).toEqual([200, { status: 'ready' }])
  })

  it('a PostgreSQL database that refuses the login, or is gone, is 503 with Retry-After, and named in the log', async () => {
    await admin.unsafe(`ALTER ROLE ${role} NOLOGIN`)
    await endConnections()
    await expectRefusedForNow()
    expect(await readiness()).toEqual([503, { status: 'unavailable', reason: 'unreachable' }])
    expect(reported()).toContain('not permitted to log in')
    await admin.unsafe(`ALTER ROLE ${role} LOGIN`)
    await expect.poll(readiness).toEqual([200, { status: 'ready' }])

    const name = new URL(database.url).pathname.slice(1)
    const other = postgres(postgresUrl!, { max: 1, onnotice: () => {} })
    await admin.end()
    await other.unsafe(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
    await other`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${name}`
    await expectRefusedForNow()
    await other.unsafe(`ALTER DATABASE ${name} RENAME TO ${name}_renamed`)
    await expect.poll(() => useAll().then(reported)).toContain('does not exist')
    await expectRefusedForNow()
    await other.unsafe(`ALTER DATABASE ${name}_renamed RENAME TO ${name}`)
    await other.unsafe(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`)
    await other.end()
    await expect.poll(readiness).toEqual([200, { status: 'ready' }])
    expect((await client.refresh(tokens.refresh_token)).status).toBe(200)
    admin = postgres(database.url, { max: 1, onnotice: () => {} })
  })

  async function openAnother() {
    const other: Tenantry = createTenantry({ store: { url, migrate: false }, secrets: [SECRET], origin: ORIGIN })
    try {
      await other.ready
    } finally {
      await other.close()
    }
  }
})

describe.runIf(postgresUrl && !isCitus)('a PostgreSQL database to set up', () => {
  it('a user can be unlocked in a PostgreSQL database whose collation ignores punctuation', async () => {
    const name = `shifted_${Math.random().toString(36).slice(2, 10)}`
    const admin = postgres(postgresUrl!, { max: 1, onnotice: () => {} })
    await admin.unsafe(
      `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-u-ka-shifted' LOCALE 'C'`,
    )
    const url = new URL(postgresUrl!)
    url.pathname = `/${name}`
    await migrateDatabase(url.href)
    const provider = await startProvider({ store: { url: url.href, migrate: false } })
    await provider.person('192.0.2.7').signIn(BOND_EMAIL, 'wrong')
    // The account's own limit, and that of the network.
    expect(await forgetAttempts(provider.runtime, [BOND_EMAIL])).toBe(2)
    await provider.close()
    await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`)
    await admin.end()
  })

  it('a PostgreSQL database in another encoding than UTF8 is refused, before anything is made in it', async () => {
    const name = `latin_${Math.random().toString(36).slice(2, 10)}`
    const admin = postgres(postgresUrl!, { max: 1, onnotice: () => {} })
    await admin.unsafe(`CREATE DATABASE ${name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
    const url = new URL(postgresUrl!)
    url.pathname = `/${name}`
    await expect(migrateDatabase(url.href)).rejects.toThrow(/encoding LATIN1.*Make one with UTF8/)
    await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`)
    await admin.end()
  })

  it.each([
    ['its own list of migrations', 'CREATE TABLE migrations (id INTEGER, batch INTEGER)'],
    ['a table of a name that we use', 'CREATE TABLE users (id INTEGER)'],
  ])('a PostgreSQL database that has other software’s tables is refused with a way out: %s', async (_, table) => {
    const database = await makeDatabase()
    const admin = postgres(database.url, { max: 1, onnotice: () => {} })
    await admin.unsafe(table)
    await expect(migrateDatabase(database.url)).rejects.toThrow(/tables of other software.*search_path%3Dtenantry/)
    await admin`CREATE SCHEMA tenantry`
    const url = new URL(database.url)
    url.searchParams.set('options', '-csearch_path=tenantry')
    expect(await migrateDatabase(url.href)).toContain('client secrets')
    await admin.end()
    await database.remove()
  })

  it.each([
    ['nonsense', /must be one such as postgres:\/\/user:password@host\/database/],
    ['postgres://tenantry:pa#ss@db.example/tenantry', /# in it must be written as %23/],
    ['postgres://tenantry:pa#1@db.example/tenantry', /# in it must be written as %23/],
    ['postgres://a.example,b.example:5433/tenantry', /several hosts/],
    ['postgres://tenantry@/tenantry?host=/var/run/postgresql', /postgres:\/\/\/database\?host=\/var\/run\/postgresql/],
    ['postgres://tenantry:a/b@db.example/tenantry', /%2F for \//],
    ['postgres://tenantry:a b:c@db.example:x/tenantry', /such as postgres/],
  ])('the database address %s is refused with the right form, and never with the password', (address, words) => {
    const open = () => createTenantry({ store: { url: address }, secrets: [SECRET], origin: ORIGIN })
    expect(open).toThrow(words)
    expect(open).not.toThrow(/pa#|a\/b|tenantry:/)
  })
})
