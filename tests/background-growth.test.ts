import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import postgres from 'postgres'
import { addMember, createApp, createCompany, createUser, type Runtime } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRuntime } from '../packages/server/src/server.ts'
import {
  claimDueCallbacks,
  listAppsWithCallbacks,
  recallCallbacks,
  uninstallQueue,
} from '../packages/server/src/store/queries/callback-queue.ts'
import { deleteExpired } from '../packages/server/src/store/queries/expired.ts'
import { isCitus } from './support/postgres.ts'
import { makePreparedSchema } from './support/postgres-schema.ts'
import { BOND, CALLBACK, DAY, MI6, ORIGIN, onPostgres, SECRET } from './support/provider.ts'
import { temporaryFolder } from './support/sandbox-process.ts'

/**
 * What background work costs does not depend on what it leaves alone. Thirty times as much of that may make it take four
 * times as long here, since machines are noisy; work that goes through all of it takes thirty times as long.
 */
const LITTLE = 2000
const MUCH = 30 * LITTLE
const MAX_GROWTH = 4
/** Growth below it says nothing, in milliseconds. */
const FLOOR = 1
/** What there is to do, each time. */
const TO_DO = 100
const ROUNDS = 5

const NOW = Date.UTC(2026, 0, 15, 12)

describe.skipIf(isCitus)('the cost of background work does not grow with what it leaves alone', () => {
  let runtime: Runtime
  let execute: (sql: string) => Promise<unknown>
  let close: () => Promise<unknown>
  let apps: string[]

  beforeEach(async () => {
    const folder = temporaryFolder()
    const schema = onPostgres ? await makePreparedSchema() : undefined
    const path = join(folder.path, 'growth.db')
    runtime = createRuntime({
      store: schema ? { url: schema.url, connections: 4 } : { path },
      secrets: [SECRET],
      origin: ORIGIN,
      localCallbacks: true,
      clock: () => NOW,
    })
    await runtime.store.ready
    await runtime.keys.load()
    const sql = schema && postgres(schema.url, { max: 1, onnotice: () => {} })
    const database = schema ? undefined : new DatabaseSync(path)
    execute = async text => (sql ? sql.unsafe(text) : database!.exec(text))
    close = async () => {
      await sql?.end()
      database?.close()
      await runtime.store.close()
      await schema?.remove()
      folder.remove()
    }
    await createCompany(runtime, { companyId: MI6, name: 'MI6', domain: 'mi6' })
    await createUser(runtime, { userId: BOND, email: 'james.bond@mi6.example', name: 'James Bond' })
    await addMember(runtime, { companyId: MI6, userId: BOND })
    apps = []
    for (let index = 0; index < 3; index++) {
      const { app } = await createApp(runtime, {
        name: 'App',
        redirectUris: [CALLBACK],
        scopes: ['base'],
        uninstallUrl: 'http://127.0.0.1:9/gone',
      })
      apps.push(app.clientId)
      await execute(`INSERT INTO installations (company_id, user_id, client_id, scopes, created_at, updated_at)
        VALUES (${MI6}, ${BOND}, '${app.clientId}', 'base', ${NOW}, ${NOW})`)
    }
  })
  afterEach(() => close())

  /** Rows from `from` to `to`, with `i` in the expressions; a hash of `i` is `hash`. */
  async function insert(table: string, expressions: Record<string, string>, from: number, to: number) {
    const hash = onPostgres ? "decode(md5(i::text), 'hex')" : "CAST('h' || i AS BLOB)"
    const values = Object.values(expressions).map(text => text.replace('HASH', hash))
    await execute(`INSERT INTO ${table} (${Object.keys(expressions).join()})
      WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to - 1})
      SELECT ${values.join()} FROM n`)
  }

  let inserted = 0
  const add = (table: string, expressions: Record<string, string>, count: number) => {
    inserted += count
    return insert(table, expressions, inserted - count, inserted)
  }

  async function fastest(prepare: () => Promise<unknown>, work: () => Promise<unknown>): Promise<number> {
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < ROUNDS; round++) {
      await prepare()
      const begun = performance.now()
      await work()
      best = Math.min(best, performance.now() - begun)
    }
    return best
  }

  async function expectNoGrowth(
    leave: (count: number) => Promise<unknown>,
    prepare: () => Promise<unknown>,
    work: () => Promise<unknown>,
  ) {
    await leave(LITTLE)
    if (onPostgres) await execute('ANALYZE')
    const before = await fastest(prepare, work)
    await leave(MUCH - LITTLE)
    if (onPostgres) await execute('ANALYZE')
    let after = await fastest(prepare, work)
    // A machine that was slowed down for a while is asked again: growth stays, however often it is measured.
    for (let again = 0; again < 3 && after / Math.max(before, FLOOR) >= MAX_GROWTH; again++) {
      after = Math.min(after, await fastest(prepare, work))
    }
    expect(after / Math.max(before, FLOOR), `${before} ms before, ${after} ms after`).toBeLessThan(MAX_GROWTH)
  }

  const installation = () => ({ company_id: String(MI6), user_id: String(BOND), client_id: `'${apps[0]}'` })
  const token = (expiresAt: number) => ({
    ...installation(),
    token_hash: 'HASH',
    family_id: "'f' || i",
    scopes: "'base'",
    created_at: String(NOW - 90 * DAY),
    expires_at: String(expiresAt),
  })
  const code = (usedAt: string) => ({
    ...installation(),
    code_hash: 'HASH',
    family_id: "'f' || i",
    redirect_uri: "'x'",
    scopes: "'base'",
    created_at: String(NOW - 80 * DAY),
    expires_at: String(NOW - 79 * DAY),
    used_at: usedAt,
  })
  const clean = async () => {
    let mayHaveMore = true
    while (mayHaveMore) mayHaveMore = await deleteExpired(runtime.store, NOW - DAY)
  }
  const countOf = async (table: 'authorization_codes' | 'refresh_tokens') =>
    (await runtime.store.db.selectFrom(table).selectAll().execute()).length

  it('cleaning codes, beside used ones of living installations', async () => {
    await expectNoGrowth(
      async count => {
        // Each family has a refresh token that lives.
        await add('authorization_codes', code(String(NOW - 79 * DAY)), count)
        await insert('refresh_tokens', token(NOW + DAY), inserted - count, inserted)
      },
      () => add('authorization_codes', code('NULL'), TO_DO),
      clean,
    )
    expect(await countOf('authorization_codes')).toBe(MUCH)
  })

  it('cleaning refresh tokens with the codes and access tokens of their families, beside those that live', async () => {
    await expectNoGrowth(
      count => add('refresh_tokens', token(NOW + DAY), count),
      async () => {
        await add('refresh_tokens', token(NOW - 2 * DAY), TO_DO)
        await insert('access_tokens', token(NOW - 60 * DAY), inserted - TO_DO, inserted)
        await insert('authorization_codes', code(String(NOW - 79 * DAY)), inserted - TO_DO, inserted)
      },
      clean,
    )
    expect([await countOf('refresh_tokens'), await countOf('authorization_codes')]).toEqual([MUCH, 0])
  })

  it('cleaning sessions, attempts and assertions, beside those that count', async () => {
    const session = (expiresAt: number) => ({
      session_hash: 'HASH',
      user_id: String(BOND),
      created_at: String(NOW),
      expires_at: String(expiresAt),
    })
    const limit = (fullAt: number) => ({ limit_key: "'k' || i", full_at: String(fullAt) })
    const assertion = (expiresAt: number) => ({
      client_id: `'${apps[0]}'`,
      jti_hash: 'HASH',
      expires_at: String(expiresAt),
    })
    const addAll = async (at: number, count: number) => {
      await add('sessions', session(at), count)
      await add('attempt_limits', limit(at), count)
      await add('used_assertions', assertion(at), count)
    }
    await expectNoGrowth(
      count => addAll(NOW + DAY, count),
      () => addAll(NOW - 2 * DAY, TO_DO),
      clean,
    )
  })

  it('looking for callbacks to send, beside those that wait, were given up, or are due for an app that fails', async () => {
    const [failing, waiting, healthy] = apps as [string, string, string]
    const callback = (clientId: string, next: number, gaveUpAt = 'NULL') => ({
      company_id: String(MI6),
      user_id: String(BOND),
      client_id: `'${clientId}'`,
      ended_at: 'i',
      attempts: '0',
      next_attempt_at: String(next),
      gave_up_at: gaveUpAt,
    })
    await expectNoGrowth(
      async count => {
        await add('uninstall_callbacks', callback(failing, NOW - DAY), count)
        await add('uninstall_callbacks', callback(waiting, NOW + DAY), count)
        await add('uninstall_callbacks', callback(waiting, NOW - DAY, String(NOW)), count)
      },
      () => add('uninstall_callbacks', callback(healthy, NOW), TO_DO),
      async () => {
        expect((await listAppsWithCallbacks(runtime.store, uninstallQueue, '', 256)).sort()).toEqual([...apps].sort())
        for (let claimed = 0; claimed < TO_DO; claimed += 5) {
          const claiming = { now: NOW, until: NOW + 15_000 }
          expect(await claimDueCallbacks(runtime.store, uninstallQueue, healthy, 5, claiming)).toHaveLength(5)
        }
        expect(await recallCallbacks(runtime.store, uninstallQueue, NOW, NOW + 2 * DAY)).toEqual([])
      },
    )
  })
})
