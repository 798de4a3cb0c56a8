import { AsyncLocalStorage } from 'node:async_hooks'
import { sql } from 'kysely'
import { narrowInstallation, setMember } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { beforeWrite } from '../../../../../tests/support/before-write.ts'
import type { Client, TokenAnswer } from '../../../../../tests/support/client.ts'
import { isCitus } from '../../../../../tests/support/postgres.ts'
import { BOND, MI6, onPostgres, startProvider, type TestProvider } from '../../../../../tests/support/provider.ts'
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
      if (sql.includes(`insert into "${table}"`)) writing.add(this)
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

  describe('of a refresh, which goes out with its statements', () => {
    let client: Client
    let first: TokenAnswer

    beforeEach(async () => {
      client = await provider.registerApp()
      first = await client.tokens(await provider.person().code(client, { company: MI6 }))
    })

    it.each([
      ['took place', true],
      ['did not take place', false],
    ])('[OA-25] a refresh whose commit %s without an answer gives one successor', async (_, commits) => {
      loseCommit(commits, undefined, 'refresh_tokens')
      const next = await client.refreshed(first.refresh_token)
      expect((await client.me(next.access_token)).status).toBe(200)
      expect(await client.refreshed(first.refresh_token)).toMatchObject({ refresh_token: next.refresh_token })
      expect((await client.refreshed(next.refresh_token)).access_token).toMatch(/^tny_at_/)
    })

    it('a refresh that another transaction interfered with is decided again', async () => {
      const deadlock = Object.assign(new Error('deadlock detected'), { code: '40P01' })
      loseCommit(false, deadlock, 'refresh_tokens')
      const next = await client.refreshed(first.refresh_token)
      expect((await client.me(next.access_token)).status).toBe(200)
    })

    it('a refresh waits for the database twice: to read, and to commit', async () => {
      // The use of the client secret has been written down by then.
      const next = await client.refreshed(first.refresh_token)
      const trips: string[][] = []
      let inTurn: string[] | undefined
      /** Around what the refresh does, so that background jobs are not counted. */
      const refreshing = new AsyncLocalStorage<boolean>()
      Session.prototype.query = function (this: Session, sql: string, values: readonly unknown[] = []) {
        if (!refreshing.getStore()) return query.call(this, sql, values) as never
        if (!inTurn) {
          inTurn = []
          trips.push(inTurn)
          setImmediate(() => {
            inTurn = undefined
          })
        }
        inTurn.push(sql.slice(0, 6))
        return query.call(this, sql, values) as never
      }
      await refreshing.run(true, () => client.refreshed(next.refresh_token))
      Session.prototype.query = query
      expect(trips.filter(([sql]) => sql !== 'SELECT')).toEqual([['select'], ['BEGIN', 'select', 'with "', 'COMMIT']])
    })

    it('[OA-24] many refreshes of one token at once all get the same, and one commit makes them', async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => client.refreshed(first.refresh_token)))
      expect(new Set(answers.map(({ refresh_token }) => refresh_token)).size).toBe(1)
      const { rows } = await sql<{ found: number }>`/* what there is */ SELECT count(*) AS found FROM refresh_tokens
        WHERE company_id = ${MI6}`.execute(store.db)
      expect(Number(rows[0]!.found)).toBe(2)
    })

    it('[OA-17] a refresh gives nothing to who is deactivated, or whose scopes are taken back, before its commit', async () => {
      const { runtime } = provider
      const ran = beforeWrite(runtime, /"refresh_tokens"/, () => setMember(runtime, MI6, BOND, { active: false }))
      expect([(await client.refresh(first.refresh_token)).status, ran()]).toEqual([400, true])
      await setMember(runtime, MI6, BOND, { active: true })
      const key = { company_id: MI6, user_id: BOND, client_id: client.id }
      const narrowed = beforeWrite(runtime, /"refresh_tokens"/, () => narrowInstallation(runtime, key, ['base']))
      const next = await client.refreshed(first.refresh_token)
      expect([next.scope, narrowed()]).toEqual(['base', true])
    })
  })

  it('an address that is none is refused', () => {
    expect(() => openPostgresStore({ url: 'nonsense' })).toThrow(/must be one such as/)
  })
})
