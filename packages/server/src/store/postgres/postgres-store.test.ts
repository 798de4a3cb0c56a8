import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isCitus } from '../../../../../tests/support/postgres.ts'
import { onPostgres, startProvider, type TestProvider } from '../../../../../tests/support/provider.ts'
import { findSetting } from '../queries/settings.ts'
import { OutcomeUnknown, type Store, StoreUnavailable, statement } from '../store.ts'
import { openPostgresStore } from './postgres-store.ts'
import { Session } from './session.ts'

/** The connection is lost while a write commits: the server knows whether it did. */
describe.skipIf(!onPostgres || isCitus)('a write whose commit is not answered', () => {
  const query = Session.prototype.query
  let provider: TestProvider
  let store: Store

  beforeEach(async () => {
    provider = await startProvider()
    store = provider.runtime.store
  })
  afterEach(async () => {
    Session.prototype.query = query
    await provider.close()
  })

  /** Once, for a write to a table: background jobs commit meanwhile. `commits` says whether the commit takes place. */
  function loseCommit(
    commits: boolean,
    error: object = new Error('Connection terminated unexpectedly'),
    table = 'settings',
  ) {
    let isArmed = true
    const writing = new Set<Session>()
    Session.prototype.query = async function (this: Session, sql: string, values: readonly unknown[] = []) {
      if (sql.startsWith(`insert into "${table}"`)) writing.add(this)
      if (sql !== 'COMMIT' || !isArmed || !writing.has(this)) return query.call(this, sql, values) as never
      isArmed = false
      await query.call(this, commits ? 'COMMIT' : 'ROLLBACK')
      throw error
    }
  }
  const insert = (name: string) => statement(store.db.insertInto('settings').values({ name, value: '1' }))

  it('a write whose commit was not answered is done once where it was committed', async () => {
    loseCommit(true)
    await store.write([insert('committed')])
    expect(await findSetting(store, 'committed')).toBe('1')
  })

  it('a write whose commit was not answered is repeated where it was not committed', async () => {
    loseCommit(false)
    await store.write([insert('aborted')])
    expect(await findSetting(store, 'aborted')).toBe('1')
  })

  it('an unknown commit on a cluster is told apart from a fault, and from a write that changed nothing', async () => {
    const error = Object.assign(new Error('could not commit transaction for shard 102008 on at least one node'), {
      code: 'XX000',
    })
    loseCommit(false, error)
    await expect(store.write([insert('half')])).rejects.toThrow(OutcomeUnknown)
    const other = Object.assign(new Error('a fault of the server'), { code: 'XX000' })
    loseCommit(false, other)
    await expect(store.write([insert('fault')])).rejects.not.toThrow(StoreUnavailable)
  })

  it('a person is not told that nothing was changed, and may do it again', async () => {
    const client = await provider.registerApp()
    const person = provider.person()
    const page = await person.reachConsent(client, { company: 1 })
    const half = Object.assign(new Error('could not commit transaction for shard 1'), { code: 'XX000' })
    loseCommit(true, half, 'authorization_codes')
    const answer = await person.submit(page, { decision: 'allow' })
    expect(answer.status).toBe(503)
    expect(await answer.text()).toContain('doing it twice does no harm')
    expect((await person.submit(page, { decision: 'allow' })).headers.get('Location')).toContain('code=')
  })

  it('an address that is none is refused', () => {
    expect(() => openPostgresStore({ url: 'nonsense' })).toThrow(/must be one such as/)
  })
})
