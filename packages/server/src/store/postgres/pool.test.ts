import { performance } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { makeDatabase, postgresUrl } from '../../../../../tests/support/postgres.ts'
import { StoreUnavailable } from '../store.ts'
import { Pool } from './pool.ts'
import type { Session } from './session.ts'

/** What a ping waits for a connection and its answer, in milliseconds. */
const PING_TIMEOUT = 2000

const ping = async (session: Session) => void (await session.query('SELECT 1'))

describe.runIf(postgresUrl)('a pool whose connections are all in use', () => {
  it('a caller who waited too long for a connection is refused, and the connection is kept', async () => {
    const database = await makeDatabase()
    const pool = new Pool({ url: database.url, connections: 1 })
    const backend = () =>
      pool.read(async session => (await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid)
    const before = await backend()
    const end = Promise.withResolvers<void>()
    const begun = performance.now()
    const holder = pool.read(() => end.promise)
    const check = pool.check(ping).then(
      () => 'answered',
      (error: unknown) => error,
    )
    while (performance.now() < begun + PING_TIMEOUT + 200) await new Promise(resolve => setTimeout(resolve, 50))
    end.resolve()
    await holder
    const refusal = await check
    expect(refusal).toBeInstanceOf(StoreUnavailable)
    expect(String(refusal)).toContain('no connection to PostgreSQL became free in time')
    expect(await backend()).toBe(before)
    await pool.check(ping)
    await pool.close()
    await database.remove()
  })
})
