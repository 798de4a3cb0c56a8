import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPostgresStore } from '../packages/server/src/store/postgres/postgres-store.ts'
import { Session } from '../packages/server/src/store/postgres/session.ts'
import { findSetting } from '../packages/server/src/store/queries/settings.ts'
import { OutcomeUnknown, type Store, statement } from '../packages/server/src/store/store.ts'
import { type CutProxy, startCutProxy } from './support/cut-proxy.ts'
import {
  findPostgres,
  makePostgresServer,
  makeStandby,
  type PostgresServer,
  type StandbyServer,
} from './support/postgres-server.ts'

describe.skipIf(!findPostgres())('a standby that is promoted while a commit is on its way', () => {
  const query = Session.prototype.query
  let primary: PostgresServer
  let standby: StandbyServer
  let proxy: CutProxy
  let store: Store

  beforeEach(async () => {
    primary = (await makePostgresServer())!
    proxy = await startCutProxy(primary.port)
    store = openPostgresStore({ url: primary.url.replace(String(primary.port), String(proxy.port)), migrate: true })
    await store.ready
    standby = await makeStandby(primary)
  })
  afterEach(async () => {
    Session.prototype.query = query
    await store.close()
    proxy.close()
    standby.remove()
    primary.remove()
  })

  /** The primary is gone before the commit; on the standby another transaction has the same number by then. */
  async function failOver() {
    const number = async (url: string, isUsed: boolean) => {
      const sql = postgres(url, { max: 1, onnotice: () => {} })
      const next = isUsed
        ? sql`SELECT pg_current_xact_id()::text AS id`
        : sql`SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS id`
      const id = Number((await next)[0]!.id)
      await sql.end()
      return id
    }
    const lost = await number(primary.url, false)
    primary.stop('immediate')
    standby.promote()
    while ((await number(standby.url, true)) <= lost);
    proxy.leadTo(standby.port)
  }

  it('is not taken for the other transaction of the same number: the outcome is unknown, and nothing is said to be done', async () => {
    let isArmed = true
    Session.prototype.query = async function (this: Session, sql: string, values: readonly unknown[] = []) {
      if (sql !== 'COMMIT' || !isArmed) return query.call(this, sql, values) as never
      isArmed = false
      await failOver()
      throw new Error('Connection terminated unexpectedly')
    }
    const insert = statement(store.db.insertInto('settings').values({ name: 'answered', value: '1' }))
    await expect(store.write([insert])).rejects.toThrow(OutcomeUnknown)
    expect(await findSetting(store, 'answered')).toBeUndefined()
    // Trying again is safe, as the caller is told.
    await store.write([insert])
    expect(await findSetting(store, 'answered')).toBe('1')
  })
})
