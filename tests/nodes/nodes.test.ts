import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Server as NetServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { addMember, createApp, createCompany, createTenantry, createUser, type Tenantry } from 'tenantry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashPassword } from '../../packages/server/src/sign-in/password.ts'
import { setPasswordHash } from '../../packages/server/src/store/queries/users.ts'
import { statement } from '../../packages/server/src/store/store.ts'
import { Client } from '../support/client.ts'
import { findPostgres, makePostgresServer, type PostgresServer } from '../support/postgres-server.ts'
import { PASSWORD } from '../support/provider.ts'
import { Actor, type Report } from './actor.ts'
import { Nodes } from './nodes.ts'

/** `npm run chaos` lets it go on for two minutes. */
const SECONDS = Number(process.env.TENANTRY_TEST_CHAOS_SECONDS ?? 30)
const ACTORS = 60
/** Requests a second, at least. */
const RATE = 500
const READS = 12
/** A slow machine goes on until then. */
const FEWEST_KILLS = 4
const SECRETS = ['the secret of every sandbox, known to everybody']

describe.skipIf(!findPostgres())('three nodes on one PostgreSQL, under load', () => {
  let server: PostgresServer
  let nodes: Nodes
  let admin: Tenantry
  let listener: Server
  let client: Client
  const report: Report = { reads: 0, refreshes: 0, installs: 0, revocations: 0, interrupted: 0, violations: [] }
  const actors: Actor[] = []
  /** Uninstall callbacks: how many were delivered of each member, and whether two of one were under way at once. */
  const delivered = new Map<string, Set<string>>()
  const underWay = new Set<string>()
  const deaf: NetServer[] = []
  let columns = 0

  beforeAll(async () => {
    server = (await makePostgresServer())!
    nodes = await Nodes.start(3, server.url)
    admin = createTenantry({
      store: { url: server.url },
      secrets: SECRETS,
      origin: 'http://localhost:4040',
      localCallbacks: true,
    })
    await admin.ready
    listener = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = Buffer.concat(chunks).toString()
      if (underWay.has(body)) report.violations.push('one uninstall was told twice at once')
      underWay.add(body)
      await sleep(5)
      underWay.delete(body)
      const { company_id, user_id, timestamp } = JSON.parse(body)
      const who = `${company_id} ${user_id}`
      delivered.set(who, (delivered.get(who) ?? new Set()).add(timestamp))
      response.end()
    }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    await makePeople()
  })
  afterAll(async () => {
    await admin?.close()
    await nodes?.stop()
    server?.remove()
    listener?.close()
    for (const each of deaf) each.close()
  })

  async function makePeople() {
    const { runtime } = admin
    const uninstallUrl = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/gone`
    const redirectUri = 'http://127.0.0.1/callback'
    const { app, clientSecret } = await createApp(runtime, {
      name: 'Field Notes',
      redirectUris: [redirectUri],
      uninstallUrl,
    })
    client = new Client(nodes.fetch, app.clientId, clientSecret, redirectUri)
    await makeDeafApps()
    const passwordHash = await hashPassword(PASSWORD)
    for (let index = 0; index < ACTORS; index++) {
      const [companyId, userId] = [1000 + index, 2000 + index]
      const email = `user${userId}@example.com`
      await createCompany(runtime, { companyId, name: `Company ${companyId}`, domain: `company-${companyId}` })
      await createUser(runtime, { userId, email, name: `User ${userId}` })
      await runtime.store.write([setPasswordHash(runtime.store, userId, passwordHash, Date.now())])
      await addMember(runtime, { companyId, userId })
      const actor = new Actor(nodes, client, companyId, report)
      await actor.signIn(email, PASSWORD)
      actors.push(actor)
    }
  }

  /** Two apps whose servers hang and drip, with hundreds of callbacks waiting: no other callbacks may wait for them. */
  async function makeDeafApps() {
    const { runtime } = admin
    const servers = [
      createNetServer(() => {}),
      createNetServer(socket => {
        socket.on('error', () => {})
        socket.write('HTTP/1.1 200 OK\r\nX-Slow: ')
        const timer = setInterval(() => socket.write('x'), 100)
        socket.on('close', () => clearInterval(timer))
      }),
    ]
    for (const [index, deafServer] of servers.entries()) {
      deaf.push(deafServer.listen(0, '127.0.0.1'))
      await once(deafServer, 'listening')
      const uninstallUrl = `http://127.0.0.1:${(deafServer.address() as AddressInfo).port}/gone`
      const { app } = await createApp(runtime, {
        name: `Deaf ${index}`,
        redirectUris: ['http://127.0.0.1/x'],
        uninstallUrl,
        keepSecret: true,
      })
      const now = Date.now()
      await runtime.store.write(
        Array.from({ length: 300 }, (_, row) =>
          statement(
            runtime.store.db.insertInto('uninstall_callbacks').values({
              company_id: row + 1,
              user_id: 1,
              client_id: app.clientId,
              ended_at: now,
              next_attempt_at: now,
              claimed_until: null,
              gave_up_at: null,
              last_error: null,
            }),
          ),
        ),
      )
    }
  }

  /** What the next program's migration does while these run. */
  async function addAndDropColumns(until: number) {
    const sql = postgres(server.url, { max: 1, onnotice: () => {} })
    for (let round = 0; performance.now() < until; round++) {
      const table = ['refresh_tokens', 'access_tokens', 'memberships', 'apps', 'sessions', 'users'][round % 6]
      try {
        await sql.unsafe(`ALTER TABLE ${table} ADD COLUMN of_the_next_program BIGINT NOT NULL DEFAULT 7`)
        await sleep(500)
        await sql.unsafe(`ALTER TABLE ${table} DROP COLUMN of_the_next_program`)
        columns += 1
      } catch {
        // The server is being restarted.
        await sql.unsafe(`ALTER TABLE ${table} DROP COLUMN IF EXISTS of_the_next_program`).catch(() => {})
      }
      await sleep(500)
    }
    await sql.end()
  }

  it(`three nodes on one PostgreSQL keep every promise for ${SECONDS} seconds of kills and restarts`, {
    timeout: (SECONDS + 200) * 1000,
  }, async () => {
    const ends = performance.now() + SECONDS * 1000
    const started = performance.now()
    const requests = () => report.reads + report.refreshes + report.installs * 4 + report.revocations
    const work = actors.map(async actor => {
      while (performance.now() < ends || nodes.kills < FEWEST_KILLS) {
        await actor.step(READS)
        // A little faster than asked for; slower when it is far ahead.
        const ahead = requests() / ((performance.now() - started) / 1000) - 1.3 * RATE
        await sleep(ahead > 0 ? 100 + Math.random() * 400 : 5)
      }
    })
    const killing = (async () => {
      while (performance.now() < ends - SECONDS * 150 || nodes.kills < FEWEST_KILLS) {
        await sleep((SECONDS * 1000) / 6)
        await nodes.killOne()
      }
    })()
    const restarting = (async () => {
      for (const mode of ['fast', 'immediate'] as const) {
        await sleep(SECONDS * 300)
        server.stop(mode)
        await sleep(500)
        server.start()
      }
    })()
    await Promise.all([...work, killing, restarting, addAndDropColumns(ends)])
    const rate = Math.round(requests() / ((performance.now() - started) / 1000))

    for (const actor of actors) await actor.check()
    const { db } = admin.runtime.store
    const installed = await db.selectFrom('installations').selectAll().execute()
    expect(installed.filter(({ company_id }) => company_id >= 1000).length).toBeLessThanOrEqual(ACTORS)
    const pending = async () =>
      (await db.selectFrom('uninstall_callbacks').selectAll().where('client_id', '=', client.id).execute()).length
    await expect.poll(pending, { timeout: 90_000, interval: 500 }).toBe(0)
    for (const [index, { uninstalls }] of actors.entries()) {
      const reported = delivered.get(`${1000 + index} ${2000 + index}`)?.size ?? 0
      if (reported < uninstalls)
        report.violations.push(`${uninstalls} uninstalls were acknowledged, ${reported} reported`)
    }
    const { violations, ...counts } = report
    console.log(
      JSON.stringify({
        seconds: SECONDS,
        kills: nodes.kills,
        restarts: 2,
        columns,
        rate,
        ...counts,
        violations: violations.length,
      }),
    )
    expect(violations).toEqual([])
    expect(nodes.kills).toBeGreaterThanOrEqual(FEWEST_KILLS)
    expect(counts.revocations).toBeGreaterThan(SECONDS)
  })
})
