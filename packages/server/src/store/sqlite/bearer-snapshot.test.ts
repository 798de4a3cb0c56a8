import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createTenantry, setDisabled, setMember, setSuspended, type Tenantry } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  BOND,
  MI6,
  MONEYPENNY,
  ORIGIN,
  SECRET,
  startProvider,
  type TestProvider,
} from '../../../../../tests/support/provider.ts'
import { temporaryFolder } from '../../../../../tests/support/sandbox-process.ts'
import { issueFirstTokens } from '../../tokens/issue.ts'
import { hashAsText } from '../../tokens/token-text.ts'
import { bearerQueries } from '../bearer-record.ts'
import { deleteAccessToken } from '../queries/access-tokens.ts'
import { findInstallation, putInstallation } from '../queries/installations.ts'
import { putSetting } from '../queries/settings.ts'
import { CachedBearers } from './bearer-finder.ts'
import { SnapshotRows } from './bearer-snapshot.ts'
import { ChangeLog } from './change-log.ts'
import { CHECKPOINT_PAGES, openConnection } from './connection.ts'

const PAGE = 4096 + 24

describe.each([true, false])('look-ups from a snapshot that is held open, with the WAL index: %s', walIndex => {
  let folder: ReturnType<typeof temporaryFolder>
  let path: string
  let provider: TestProvider
  /** Another server on the same file. */
  let other: Tenantry
  let clientId: string
  let reader: DatabaseSync
  let changes: ChangeLog
  let rows: SnapshotRows

  function closeReaders() {
    rows.close()
    if (reader.isOpen) reader.close()
  }

  beforeEach(async () => {
    folder = temporaryFolder()
    path = join(folder.path, 'a.db')
    provider = await startProvider({ store: { path } })
    other = createTenantry({ store: { path }, secrets: [SECRET], origin: ORIGIN, clock: provider.now })
    await other.ready
    clientId = (await provider.registerApp()).id
    reader = openConnection(path, 'read')
    changes = new ChangeLog(reader, path, walIndex)
    rows = new SnapshotRows(openConnection(path, 'read'), changes, bearerQueries(provider.runtime.store.db))
  })
  afterEach(async () => {
    closeReaders()
    await provider.close()
    await other.close()
    folder.remove()
  })

  async function issue(at: Tenantry, user_id: number): Promise<string> {
    const key = { company_id: MI6, user_id, client_id: clientId }
    const installation = { ...key, scopes: 'base', created_at: provider.now(), updated_at: provider.now() }
    const { tokens, statements } = issueFirstTokens(at.runtime, { ...key, family_id: `${Math.random()}` }, ['base'])
    const before = await findInstallation(at.runtime.store, key)
    await at.runtime.store.write([putInstallation(at.runtime.store, installation, before), ...statements])
    return tokens.accessToken
  }

  /** As the provider finds what it has not cached: an empty cache each time, on the snapshot that is held. */
  const find = (text: string) => new CachedBearers(changes, rows, () => {}).find(hashAsText(text), MI6)
  const commitElsewhere = () => other.runtime.store.write([putSetting(other.runtime.store, 'a', `${Math.random()}`)])

  it('a held snapshot finds what is committed after the snapshot was taken, by whichever server', async () => {
    const held = await issue(provider.tenantry, BOND)
    expect(find(held)).toMatchObject({ userId: BOND })
    for (const at of [other, provider.tenantry]) {
      const later = await issue(at, MONEYPENNY)
      expect(find(later)).toMatchObject({ userId: MONEYPENNY, name: 'Eve Moneypenny' })
      expect(find(held)).toMatchObject({ userId: BOND })
    }
  })

  it('a held snapshot sees a token, a member and a company changed elsewhere, though other commits came between', async () => {
    const [one, two] = [await issue(provider.tenantry, BOND), await issue(provider.tenantry, BOND)]
    expect(find(one)).toBeDefined()
    expect(find(two)).toBeDefined()
    await commitElsewhere()
    expect(find(one)).toMatchObject({ name: 'James Bond', companySuspendedAt: null })
    await setMember(other.runtime, MI6, BOND, { name: 'Commander Bond' })
    await commitElsewhere()
    expect(find(one)).toMatchObject({ name: 'Commander Bond' })
    await setSuspended(other.runtime, MI6, true)
    await commitElsewhere()
    expect(find(one)).toMatchObject({ companySuspendedAt: provider.now() })
    const hash = Buffer.from(hashAsText(one), 'latin1')
    await other.runtime.store.write([deleteAccessToken(other.runtime.store, MI6, hash)])
    await commitElsewhere()
    expect(find(one)).toBeUndefined()
    expect(find(two)).toBeDefined()
  })

  it('a held snapshot forgets companies and apps too, if the change log does not reach back far enough', async () => {
    const token = await issue(provider.tenantry, BOND)
    expect(find(token)).toMatchObject({ companySuspendedAt: null, appDisabledAt: null })
    await setSuspended(other.runtime, MI6, true)
    await setDisabled(other.runtime, clientId, true)
    await setMember(other.runtime, MI6, BOND, { name: 'Commander Bond' })
    const database = new DatabaseSync(path, { timeout: 5000 })
    database.exec('DELETE FROM bearer_changes WHERE seq < (SELECT max(seq) FROM bearer_changes)')
    database.close()
    const now = provider.now()
    expect(find(token)).toMatchObject({ companySuspendedAt: now, appDisabledAt: now, name: 'Commander Bond' })
  })

  it('a held snapshot lets the WAL be reset, however much is written and looked up at the same time', async () => {
    const token = await issue(provider.tenantry, BOND)
    const { store } = provider.runtime
    let longest = 0
    // SQLite does not write what is the same as before.
    const changed = (name: string) => putSetting(store, name, `${Math.random()}`.repeat(100))
    for (let index = 0; index < CHECKPOINT_PAGES; index++) {
      await store.write([changed(`k${index % 500}`), changed(`l${index % 500}`)])
      expect(find(token)).toBeDefined()
      if (index % 100 === 0) longest = Math.max(longest, statSync(`${path}-wal`).size)
    }
    expect(longest).toBeGreaterThan(CHECKPOINT_PAGES * PAGE * 0.5)
    expect(longest).toBeLessThan(CHECKPOINT_PAGES * PAGE * 1.5)
  })

  it.skipIf(!walIndex)('an idle snapshot is ended, so that others can reset the WAL', async () => {
    const token = await issue(provider.tenantry, BOND)
    expect(find(token)).toBeDefined()
    await commitElsewhere()
    const database = new DatabaseSync(path, { timeout: 5000 })
    const isBusy = () => database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy
    expect(isBusy()).toBe(1)
    await expect.poll(isBusy).toBe(0)
    database.close()
    expect(find(token)).toBeDefined()
  })

  it('a held snapshot keeps no marks of changes without a snapshot, where they would pile up', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const database = openConnection(path, 'read')
    let next = 0
    const busy = {
      commits: 0,
      isWalLong: true,
      poll: () =>
        Array.from({ length: 1000 }, () => ({
          company_id: 1,
          user_id: null,
          client_id: null,
          token_hash: Buffer.from(`${next++}`.padStart(32, '0')),
        })),
    } as unknown as ChangeLog
    const queries = { token: 'SELECT ?, ?', company: 'SELECT ?', app: 'SELECT ?' }
    const busyRows = new SnapshotRows(database, busy, queries)
    const bearers = new CachedBearers(busy, busyRows, () => {})
    const poll = () => bearers.find('x'.repeat(32), 0)
    poll()
    collect()
    const before = process.memoryUsage().heapUsed
    const grown = () => {
      collect()
      return process.memoryUsage().heapUsed - before
    }
    for (let index = 0; index < 300; index++) poll()
    expect(grown()).toBeLessThan(8e6)
    for (let index = 0; index < 300; index++) {
      // Taken by the first, ended by the second.
      for (const isWalLong of [false, true]) {
        Object.assign(busy, { isWalLong })
        poll()
      }
    }
    expect(grown()).toBeLessThan(8e6)
    busyRows.close()
  })

  it('the last server that closes leaves one file behind', async () => {
    closeReaders()
    const token = await issue(provider.tenantry, BOND)
    expect(await provider.runtime.store.findBearer(hashAsText(token), MI6)).toBeDefined()
    await other.close()
    expect(existsSync(`${path}-wal`)).toBe(true)
    await provider.tenantry.close()
    expect(readdirSync(folder.path)).toEqual(['a.db'])
  })

  it('a commit is not missed when reading it failed once', async () => {
    const database = openConnection(path, 'read')
    let fails = false
    const failing = new Proxy(database, {
      get(target, name) {
        if (name !== 'prepare') return Reflect.get(target, name, target)
        return (sql: string) => {
          const prepared = target.prepare(sql)
          const all = prepared.all.bind(prepared)
          return Object.assign(prepared, {
            all: (...values: []) => {
              if (fails) throw new Error('disk I/O error')
              return all(...values)
            },
          })
        }
      },
    })
    const changes = new ChangeLog(failing, path, walIndex)
    await setSuspended(other.runtime, MI6, true)
    fails = true
    expect(() => changes.poll()).toThrow('disk I/O error')
    fails = false
    expect(changes.poll()).toMatchObject([{ company_id: MI6 }])
    expect(changes.poll()).toEqual([])
    database.close()
  })
})
