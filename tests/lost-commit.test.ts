import { spawnSync } from 'node:child_process'
import postgres, { type Sql } from 'postgres'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPostgresStore } from '../packages/server/src/store/postgres/postgres-store.ts'
import { Session } from '../packages/server/src/store/postgres/session.ts'
import { findSetting } from '../packages/server/src/store/queries/settings.ts'
import { OutcomeUnknown, type Store, statement } from '../packages/server/src/store/store.ts'
import { type CutProxy, startCutProxy } from './support/cut-proxy.ts'
import { findPostgres, makePostgresServer, makeStandby, type PostgresServer } from './support/postgres-server.ts'

/**
 * A transaction whose commit is not answered is asked for by its number. A server that has recovered from a crash, and a standby
 * that was promoted, give the numbers of lost transactions to others.
 */
describe.skipIf(!findPostgres())('a transaction that was lost', () => {
  const query = Session.prototype.query
  let primary: PostgresServer
  let proxy: CutProxy
  let store: Store
  const ends: (() => unknown)[] = []

  beforeEach(async () => {
    // What is not committed is not on disk yet when the server crashes.
    primary = (await makePostgresServer(['wal_writer_delay=10s']))!
    proxy = await startCutProxy(primary.port)
    store = openPostgresStore({ url: primary.url.replace(String(primary.port), String(proxy.port)), migrate: true })
    await store.ready
  })
  afterEach(async () => {
    Session.prototype.query = query
    await store.close()
    for (const end of ends.splice(0)) end()
    proxy.close()
    primary.remove()
  })

  async function asking<T>(url: string, ask: (sql: Sql) => Promise<T>): Promise<T> {
    const sql = postgres(url, { max: 1, onnotice: () => {} })
    try {
      return await ask(sql)
    } finally {
      await sql.end()
    }
  }

  /** The number that the next transaction gets. */
  const nextNumber = (url: string) =>
    asking(url, async sql => Number((await sql`SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS id`)[0]!.id))

  /** Until the lost number is another transaction's. */
  const useNumbers = (url: string, lost: number) =>
    asking(url, async sql => {
      let used = 0
      while (used < lost) used = Number((await sql`SELECT pg_current_xact_id()::text AS id`)[0]!.id)
    })

  const ways: [string, (lost: number) => Promise<unknown>][] = [
    [
      'by a standby that was promoted',
      async lost => {
        const standby = await makeStandby(primary)
        ends.push(() => standby.remove())
        primary.stop('immediate')
        standby.promote()
        await useNumbers(standby.url, lost)
        proxy.leadTo(standby.port)
      },
    ],
    [
      'by a server that was restarted at once',
      async lost => {
        primary.stop('immediate')
        primary.start()
        await useNumbers(primary.url, lost)
      },
    ],
    [
      'by a server of which a process crashed',
      async lost => {
        const other = postgres(primary.url, { max: 1, onnotice: () => {} })
        const [{ pid }] = (await other`SELECT pg_backend_pid() AS pid`) as unknown as [{ pid: number }]
        spawnSync('kill', ['-KILL', String(pid)])
        await other.end({ timeout: 0 })
        const isBack = () => nextNumber(primary.url).then(Boolean, () => false)
        await expect.poll(isBack).toBe(false)
        await expect.poll(isBack, { timeout: 10_000 }).toBe(true)
        await useNumbers(primary.url, lost)
      },
    ],
  ]
  it.each(ways)('%s is not taken for another of the same number: nothing is said to be done', async (_, lose) => {
    let isArmed = true
    Session.prototype.query = async function (this: Session, sql: string, values: readonly unknown[] = []) {
      if (sql !== 'COMMIT' || !isArmed) return query.call(this, sql, values) as never
      isArmed = false
      await lose((await nextNumber(primary.url)) - 1)
      throw new Error('Connection terminated unexpectedly')
    }
    const insert = statement(store.db.insertInto('settings').values({ name: 'answered', value: '1' }))
    await expect(store.write([insert])).rejects.toThrow(OutcomeUnknown)
    expect(await findSetting(store, 'answered')).toBeUndefined()
    // Trying again is safe, as the caller is reported.
    await store.write([insert])
    expect(await findSetting(store, 'answered')).toBe('1')
  })
})
