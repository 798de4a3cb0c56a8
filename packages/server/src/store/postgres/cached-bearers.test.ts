import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import pg from 'pg'
import { createTenantry, setMember, setSuspended, type Tenantry } from 'tenantry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../../../../../tests/support/client.ts'
import { isCitus } from '../../../../../tests/support/postgres.ts'
import { makePreparedSchema } from '../../../../../tests/support/postgres-schema.ts'
import {
  BOND,
  MI6,
  MONEYPENNY,
  ORIGIN,
  onPostgres,
  SECRET,
  startProvider,
  type TestProvider,
  UNIVERSAL_EXPORTS,
} from '../../../../../tests/support/provider.ts'
import { hashAsText } from '../../tokens/token-text.ts'
import type { BearerChange } from '../bearer-change.ts'
import type { BearerRecord } from '../bearer-record.ts'
import { deleteOldChanges } from '../queries/bearer-changes.ts'
import { CachedBearers } from './cached-bearers.ts'

/** Look-ups while others write: `TENANTRY_TEST_READS=1000000` looks for one stale answer in a million. */
const READS = Number(process.env.TENANTRY_TEST_READS ?? 8000)

describe('what is remembered of look-ups on PostgreSQL, step by step', () => {
  /** A database that is one number, which only grows. Everything takes its time, in whatever order. */
  function model(scheduler: fc.Scheduler) {
    let version = 0
    let seen: number | undefined
    let failing = false
    const hash = hashAsText('a token')
    const change: BearerChange = { company_id: 1, user_id: 7, token_hash: null, client_id: null }
    const step = async (name: string) => {
      await scheduler.schedule(Promise.resolve(), name)
    }
    const bearers = new CachedBearers(
      {
        async poll() {
          const last = seen
          seen = undefined
          await step('poll is sent')
          const snapshot = version
          const fails = failing
          await step('poll is answered')
          if (fails) throw new Error('lost')
          seen = snapshot
          if (last === undefined) return 'lost'
          return snapshot > last ? [change] : []
        },
        async close() {},
      },
      {
        async find() {
          await step('look-up is sent')
          const found = version
          await step('look-up is answered')
          return { companyId: 1, userId: 7, clientId: 'c', name: found } as unknown as BearerRecord
        },
      },
    )
    return {
      bearers,
      commit: () => {
        version += 1
      },
      fail: (fails: boolean) => {
        failing = fails
      },
      find: async () => {
        const least = version
        const record = await bearers.find(hash, 1)
        expect(record!.name).toBeGreaterThanOrEqual(least)
      },
    }
  }

  it('no answer is older than its request, whatever overtakes what', async () => {
    let hits = 0
    const action = fc.constantFrom('find', 'find', 'find', 'find', 'commit', 'fail', 'recover')
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(action, { minLength: 5, maxLength: 40 }),
        async (scheduler, actions) => {
          const { bearers, commit, fail, find } = model(scheduler)
          const finds: Promise<void>[] = []
          for (const each of actions) {
            if (each === 'find') finds.push(find())
            if (each === 'commit') commit()
            if (each === 'fail' || each === 'recover') fail(each === 'fail')
            // Polls begin in a turn of their own.
            await new Promise(resolve => setImmediate(resolve))
            if (scheduler.count() > 0) await scheduler.waitOne()
          }
          let isDone = false
          const all = Promise.all(finds).finally(() => {
            isDone = true
          })
          while (!isDone) {
            await new Promise(resolve => setImmediate(resolve))
            if (scheduler.count() > 0) await scheduler.waitOne()
          }
          await all
          hits += bearers.lookups.hit
        },
      ),
      { numRuns: 500 },
    )
    expect(hits).toBeGreaterThan(20)
  })
})

describe.skipIf(!onPostgres || isCitus)('what is remembered of look-ups on PostgreSQL', () => {
  let schema: Awaited<ReturnType<typeof makePreparedSchema>>
  let provider: TestProvider
  let other: Tenantry
  let client: Client
  let database: pg.Client

  beforeAll(async () => {
    schema = await makePreparedSchema()
    provider = await startProvider({ store: { url: schema.url }, clock: Date.now })
    other = createTenantry({ store: { url: schema.url }, secrets: [SECRET], origin: ORIGIN })
    await other.ready
    client = await provider.registerApp()
    database = await connect()
  })
  afterAll(async () => {
    await database?.end()
    await other?.close()
    await provider?.close()
    await schema?.remove()
  })

  async function connect() {
    const connected = new pg.Client(schema.url)
    await connected.connect()
    return connected
  }
  const newToken = async () =>
    (await client.tokens(await provider.person().code(client, { company: MI6 }))).access_token
  const findAt = ({ runtime }: Tenantry, token: string) =>
    runtime.store.findBearer(hashAsText(token), MI6) as Promise<BearerRecord | undefined>
  const find = (token: string) => findAt(provider.tenantry, token)
  const hits = async () => (await provider.runtime.store.stats()).bearerLookups!.hit
  /** Asked for until it is remembered. */
  async function remember(token: string) {
    const before = await hits()
    await expect
      .poll(async () => {
        await find(token)
        return hits()
      })
      .toBeGreaterThan(before)
  }
  const nameOf = async (token: string) => (await find(token))?.name

  it('what was found is remembered, and the same object is answered while nothing of it changes', async () => {
    const token = await newToken()
    await remember(token)
    const record = await find(token)
    await setMember(other.runtime, MI6, MONEYPENNY, { name: 'Eve' })
    expect(await find(token)).toBe(record)
  })

  it('a transaction that commits long after later ones is seen by the next request', async () => {
    const token = await newToken()
    await database.query('BEGIN')
    await database.query('UPDATE memberships SET name = $1 WHERE company_id = $2 AND user_id = $3', [
      'Late Bond',
      MI6,
      BOND,
    ])
    for (let round = 0; round < 20; round++) {
      await setMember(other.runtime, MI6, MONEYPENNY, { name: `Eve ${round}` })
      await setSuspended(other.runtime, UNIVERSAL_EXPORTS, round % 2 === 0)
      await remember(token)
      expect(await nameOf(token)).not.toBe('Late Bond')
    }
    await database.query('COMMIT')
    expect(await nameOf(token)).toBe('Late Bond')
  })

  it('a connection that is lost makes everything be read again', async () => {
    const token = await newToken()
    for (let round = 0; round < 5; round++) {
      await remember(token)
      await database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%AS kept_from%' AND pid <> pg_backend_pid()`,
      )
      await setMember(other.runtime, MI6, BOND, { name: `Bond ${round}` })
      expect(await nameOf(token)).toBe(`Bond ${round}`)
    }
  })

  it('a log that was cleaned meanwhile makes everything be read again', async () => {
    const token = await newToken()
    await remember(token)
    await setMember(other.runtime, MI6, BOND, { name: 'Before the cleaning' })
    await database.query('DELETE FROM bearer_changes')
    await database.query(
      `INSERT INTO settings (name, value) VALUES ('bearer changes kept from', pg_snapshot_xmax(pg_current_snapshot())::text)`,
    )
    expect(await nameOf(token)).toBe('Before the cleaning')
    await remember(token)
  })

  it('cleaning keeps ten thousand changes and those of running transactions, and says from where on', async () => {
    const clean = () => provider.runtime.store.write(deleteOldChanges(provider.runtime.store))
    const count = async () => Number((await database.query('SELECT count(*) FROM bearer_changes')).rows[0].count)
    await database.query("DELETE FROM settings WHERE name = 'bearer changes kept from'")
    const token = await newToken()
    await remember(token)
    const late = await connect()
    await late.query('BEGIN')
    await late.query("UPDATE memberships SET name = 'Still running' WHERE company_id = $1 AND user_id = $2", [
      MI6,
      BOND,
    ])
    for (let index = 0; index < 15; index++) {
      await database.query('INSERT INTO bearer_changes (company_id) SELECT 99 FROM generate_series(1, 1000)')
    }
    await clean()
    expect(await count()).toBeGreaterThanOrEqual(15_000)
    await late.query('COMMIT')
    expect(await nameOf(token)).toBe('Still running')
    await clean()
    expect(await count()).toBeLessThan(12_000)
    expect(await count()).toBeGreaterThanOrEqual(10_000)
    await setMember(other.runtime, MI6, BOND, { name: 'James Bond' })
    expect(await nameOf(token)).toBe('James Bond')
    await late.end()
  })

  it('a log that was restored from another server says nothing, and is cleaned away', async () => {
    await database.query("INSERT INTO bearer_changes (xid, company_id) VALUES ('999999999999', 99)")
    await database.query(
      `INSERT INTO settings (name, value) VALUES ('bearer changes kept from', '999999999999')
      ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    )
    const token = await newToken()
    await find(token)
    await setMember(other.runtime, MI6, BOND, { name: 'Restored' })
    expect(await nameOf(token)).toBe('Restored')
    await provider.runtime.store.write(deleteOldChanges(provider.runtime.store))
    const { rows } = await database.query("SELECT 1 FROM bearer_changes WHERE xid = '999999999999'")
    expect(rows).toEqual([])
    await remember(token)
  })

  it('tables that are emptied, and changes under another search path, are seen', async () => {
    const token = await newToken()
    await remember(token)
    const { rows } = await database.query('SELECT current_schema() AS schema')
    await database.query("SET search_path TO ''")
    await database.query(`UPDATE "${rows[0].schema}".memberships SET name = 'Elsewhere' WHERE user_id = $1`, [BOND])
    await database.query(`SET search_path TO "${rows[0].schema}"`)
    expect(await nameOf(token)).toBe('Elsewhere')
    await remember(token)
    await database.query('TRUNCATE access_tokens')
    expect(await find(token)).toBeUndefined()
  })

  it('no answer of two nodes is older than its request while many write', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, newToken))
    let acknowledged = 0
    let asked = 0
    const write = async () => {
      const writer = await connect()
      const values = [MI6, BOND]
      while (asked < READS) {
        const { rows } = await writer.query(
          'UPDATE memberships SET role_id = role_id + 1 WHERE company_id = $1 AND user_id = $2 RETURNING role_id::int AS role',
          values,
        )
        acknowledged = Math.max(acknowledged, rows[0].role)
        // Long enough for what was found to be remembered and answered again.
        await sleep(Math.random() * 10)
      }
      await writer.end()
    }
    let stale = 0
    const read = async (node: Tenantry, token: string) => {
      while (asked < READS) {
        const least = acknowledged
        const record = await findAt(node, token)
        asked += 1
        if (record!.roleId < least) stale += 1
        if (Math.random() < 0.1) await sleep(1)
      }
    }
    const before = await hits()
    await Promise.all([
      write(),
      write(),
      ...tokens.flatMap(token => [read(provider.tenantry, token), read(other, token)]),
    ])
    expect(stale).toBe(0)
    expect((await hits()) - before).toBeGreaterThan(READS / 100)
  })
})
