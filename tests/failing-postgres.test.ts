import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { createTenantry, type Tenantry } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client, TokenAnswer } from './support/client.ts'
import { type CutProxy, startCutProxy } from './support/cut-proxy.ts'
import { hasPgBouncer, startPgBouncer } from './support/pgbouncer.ts'
import {
  findPostgres,
  makePostgresServer,
  makeStandby,
  type PostgresServer,
  type StandbyServer,
} from './support/postgres-server.ts'
import { MI6, ORIGIN, SECRET, startProvider, type TestProvider } from './support/provider.ts'

const SECOND = 1000

/** What was answered while something was wrong, by status, with every answer that must never be. */
interface Tally {
  statuses: Map<number, number>
  wrong: string[]
  /** The longest that anybody waited. */
  longest: number
  stop(): Promise<void>
}

describe.skipIf(!findPostgres())('a PostgreSQL that fails', () => {
  let server: PostgresServer
  let provider: TestProvider
  let client: Client
  let tokens: TokenAnswer

  beforeEach(async () => {
    server = (await makePostgresServer())!
  })
  afterEach(async () => {
    await provider?.close()
    server.remove()
  })

  async function serve(url: string) {
    provider = await startProvider({ store: { url, connections: 4 }, clock: Date.now })
    client = await provider.registerApp()
    tokens = await client.tokens(await provider.person().code(client, { company: MI6 }))
  }

  /** Asks and refreshes all the while. Every answer is right, or 503 with the advice to come back. */
  function load(): Tally {
    let running = true
    const tally: Tally = { statuses: new Map(), wrong: [], longest: 0, stop: async () => {} }
    const count = async (what: string, call: () => Promise<Response>) => {
      const started = performance.now()
      const answer = await call()
      tally.longest = Math.max(tally.longest, performance.now() - started)
      tally.statuses.set(answer.status, (tally.statuses.get(answer.status) ?? 0) + 1)
      const isAdvice = answer.status === 503 && answer.headers.get('Retry-After') !== null
      if (answer.status !== 200 && !isAdvice)
        tally.wrong.push(`${what}: ${answer.status} ${await answer.clone().text()}`)
      return answer
    }
    const readers = Array.from({ length: 8 }, async () => {
      while (running) {
        await count('/users/me', () => client.me(tokens.access_token))
        await sleep(5)
      }
    })
    const refresher = (async () => {
      let current = tokens.refresh_token
      while (running) {
        const answer = await count('refresh', () => client.refresh(current))
        if (answer.status === 200) current = ((await answer.json()) as TokenAnswer).refresh_token
        await sleep(20)
      }
    })()
    tally.stop = async () => {
      running = false
      await Promise.all([...readers, refresher])
    }
    return tally
  }

  const ready = async () => (await provider.fetch('/readyz')).status

  it('restarted under load, it refuses no valid token, and everything recovers', async () => {
    await serve(server.url)
    const tally = load()
    await sleep(SECOND)
    for (const mode of ['fast', 'immediate'] as const) {
      server.stop(mode)
      await expect.poll(ready).toBe(503)
      await sleep(SECOND)
      server.start()
      await expect.poll(ready).toBe(200)
      await sleep(SECOND)
    }
    const before = tally.statuses.get(200)!
    await sleep(SECOND)
    await tally.stop()
    expect(tally.wrong).toEqual([])
    expect(tally.statuses.get(200)).toBeGreaterThan(before + 100)
  })

  it('a PostgreSQL that is away for long makes requests fail fast, and they recover within seconds', async () => {
    await serve(server.url)
    server.stop()
    const tally = load()
    await sleep(9 * SECOND)
    const started = performance.now()
    expect((await client.me(tokens.access_token)).status).toBe(503)
    expect((await client.refresh(tokens.refresh_token)).status).toBe(503)
    expect((await provider.person().signIn()).status).toBe(503)
    expect(performance.now() - started).toBeLessThan(3 * SECOND)
    server.start()
    await expect.poll(ready).toBe(200)
    expect((await client.me(tokens.access_token)).status).toBe(200)
    await tally.stop()
    expect(tally.wrong).toEqual([])
  })

  it('a paused PostgreSQL lets no request hang, and work continues when it does', async () => {
    await serve(server.url)
    const tally = load()
    await sleep(SECOND)
    server.pause()
    await expect.poll(ready).toBe(503)
    await sleep(8 * SECOND)
    server.resume()
    await expect.poll(ready).toBe(200)
    await sleep(SECOND)
    await tally.stop()
    expect(tally.wrong).toEqual([])
    expect(tally.statuses.get(503)).toBeGreaterThan(0)
    expect(tally.longest).toBeLessThan(10 * SECOND)
    expect((await client.me(tokens.access_token)).status).toBe(200)
  })

  describe('cut off', () => {
    let proxy: CutProxy
    afterEach(() => proxy.close())

    it('connections that are dead without a word are replaced', async () => {
      proxy = await startCutProxy(server.port)
      await serve(server.url.replace(String(server.port), String(proxy.port)))
      const tally = load()
      await sleep(SECOND)
      proxy.cut()
      await expect.poll(ready).toBe(503)
      await sleep(3 * SECOND)
      proxy.mend()
      await expect.poll(ready).toBe(200)
      const before = tally.statuses.get(200)!
      await expect.poll(() => tally.statuses.get(200)).toBeGreaterThan(before + 100)
      await tally.stop()
      expect(tally.wrong).toEqual([])
    })
  })

  it('a write whose commit was not answered is never said to be done, and never done twice', async () => {
    await serve(server.url)
    const sql = postgres(server.url, { max: 1 })
    const kill = () => sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tenantry'`
    let current = tokens
    // What a refresh takes on this machine, with new connections.
    await kill()
    const started = performance.now()
    current = await client.refreshed(current.refresh_token)
    const usual = performance.now() - started
    // Ends each connection at some moment of a refresh, over and over.
    let running = true
    const killer = (async () => {
      while (running) {
        await kill()
        await sleep(usual * (0.5 + Math.random()))
      }
      await sql.end()
    })()
    const statuses: number[] = []
    for (let round = 0; round < 150; round++) {
      const answer = await client.refresh(current.refresh_token)
      statuses.push(answer.status)
      if (answer.status === 200) current = (await answer.json()) as TokenAnswer
    }
    running = false
    await killer
    expect(statuses.filter(status => status !== 200 && status !== 503)).toEqual([])
    expect(statuses.filter(status => status === 200).length).toBeGreaterThan(50)
    expect((await client.me(current.access_token)).status).toBe(200)
    // One chain: each was used once, but for the last.
    const chain = await provider.runtime.store.db.selectFrom('refresh_tokens').selectAll().execute()
    expect(chain.filter(({ used_at }) => used_at === null)).toHaveLength(1)
    expect(new Set(chain.map(({ family_id }) => family_id)).size).toBe(1)
  })

  describe('with a standby, by real replication', () => {
    let proxy: CutProxy
    let standby: StandbyServer
    afterEach(() => {
      proxy.close()
      standby.remove()
    })

    it('a standby answers once it is promoted, and nothing that was acknowledged is lost', async () => {
      proxy = await startCutProxy(server.port)
      await serve(server.url.replace(String(server.port), String(proxy.port)))
      standby = await makeStandby(server)
      // Each commit waits for the standby, as it must where none may be lost.
      const sql = postgres(server.url, { max: 1, onnotice: () => {} })
      await sql`ALTER SYSTEM SET synchronous_standby_names = '*'`
      await sql`SELECT pg_reload_conf()`
      await expect.poll(async () => (await sql`SELECT sync_state FROM pg_stat_replication`)[0]?.sync_state).toBe('sync')
      await sql.end()
      const tally = load()
      await sleep(SECOND)
      const kept = await client.tokens(await provider.person().code(client, { company: MI6 }))
      server.stop('immediate')
      proxy.leadTo(standby.port)
      const readiness = async () => (await (await provider.fetch('/readyz')).json()) as { reason?: string }
      await expect.poll(readiness).toEqual({ status: 'unavailable', reason: 'standby' })
      expect((await client.me(kept.access_token)).status).toBe(503)
      standby.promote()
      await expect.poll(ready).toBe(200)
      expect((await client.me(kept.access_token)).status).toBe(200)
      expect((await client.refresh(kept.refresh_token)).status).toBe(200)
      const before = tally.statuses.get(200)!
      await expect.poll(() => tally.statuses.get(200)).toBeGreaterThan(before + 100)
      await tally.stop()
      expect(tally.wrong).toEqual([])
    })
  })

  describe('behind PgBouncer in transaction mode', () => {
    let bouncer: Awaited<ReturnType<typeof startPgBouncer>> | undefined
    afterEach(() => bouncer?.stop())

    it('the whole flow works behind PgBouncer, also when PostgreSQL restarts behind it', async context => {
      if (!hasPgBouncer()) return context.skip('PgBouncer is not installed')
      bouncer = await startPgBouncer(server.port)
      await serve(bouncer.url)
      const tally = load()
      await sleep(SECOND)
      server.stop()
      await sleep(SECOND)
      server.start()
      await expect.poll(ready).toBe(200)
      const before = tally.statuses.get(200)!
      await expect.poll(() => tally.statuses.get(200)).toBeGreaterThan(before + 100)
      await tally.stop()
      expect(tally.wrong).toEqual([])
    })

    it('restarted under load, it refuses no valid token, and everything recovers', async context => {
      if (!hasPgBouncer()) return context.skip('PgBouncer is not installed')
      bouncer = await startPgBouncer(server.port)
      await serve(bouncer.url)
      const tally = load()
      for (let time = 0; time < 2; time++) {
        await sleep(SECOND)
        await bouncer.restart()
        await expect.poll(ready).toBe(200)
        const before = tally.statuses.get(200)!
        await expect.poll(() => tally.statuses.get(200)).toBeGreaterThan(before + 100)
      }
      await tally.stop()
      expect(tally.wrong).toEqual([])
    })

    it('an address of PgBouncer that lacks an option is refused with that option’s name', async context => {
      if (!hasPgBouncer()) return context.skip('PgBouncer is not installed')
      await serve(server.url)
      bouncer = await startPgBouncer(server.port)
      const url = bouncer.url.replace('?pgbouncer=true', '')
      const other: Tenantry = createTenantry({ store: { url }, secrets: [SECRET], origin: ORIGIN })
      await expect(other.ready).rejects.toThrow(/add \?pgbouncer=true to the address/)
      await other.close()
    })
  })
})
