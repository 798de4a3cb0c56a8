import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../../../../../tests/support/sandbox-process.ts'
import { sqliteMigrations } from '../migrations/migration.ts'
import { migrations, newestVersion, newestVersionOn } from '../migrations/migrations.ts'
import { allocateId } from '../queries/ids.ts'
import { findSetting, putSetting } from '../queries/settings.ts'
import {
  ConstraintViolation,
  expecting,
  type Store,
  StoreOpenError,
  StoreUnavailable,
  statement,
  WriteConflict,
} from '../store.ts'
import { migrate, schemaVersion } from './migrate.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { ThreadWriter } from './writer.ts'

describe.each(['a file', 'memory'])('the embedded store in %s', where => {
  let folder: ReturnType<typeof temporaryFolder>
  let store: Store

  beforeEach(() => {
    folder = temporaryFolder()
    store = openSqliteStore({ path: where === 'memory' ? ':memory:' : join(folder.path, 'a.db'), migrate: true })
  })
  afterEach(async () => {
    await store.close()
    folder.remove()
  })

  const taken = (name: string) =>
    expecting(1, store.db.updateTable('settings').set({ value: 'x' }).where('name', '=', name))

  it('the embedded store reads what was written before', async () => {
    await store.write([putSetting(store, 'a', '1'), putSetting(store, 'b', '2')])
    expect(await findSetting(store, 'b')).toBe('2')
  })

  it('the embedded store writes all statements or none', async () => {
    await expect(store.write([putSetting(store, 'a', '1'), taken('missing')])).rejects.toThrow(WriteConflict)
    expect(await findSetting(store, 'a')).toBeUndefined()
  })

  it('a write that fails takes none of those with it that commit at the same time', async () => {
    const insert = (name: string) => statement(store.db.insertInto('settings').values({ name, value: 'x' }))
    const outcomes = await Promise.allSettled([
      store.write([insert('a')]),
      store.write([insert('b'), insert('a')]),
      store.write([insert('c'), taken('missing')]),
      store.write([statement({ compile: () => ({ sql: 'nonsense', parameters: [] }) as never })]),
      store.write([insert('d')]),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled'])
    expect(outcomes.flatMap(outcome => ('reason' in outcome ? [outcome.reason.name] : []))).toEqual([
      'ConstraintViolation',
      'WriteConflict',
      'Error',
    ])
    const names = await store.db.selectFrom('settings').select('name').orderBy('name').execute()
    expect(names.map(({ name }) => name)).toEqual(['a', 'd'])
  })

  it('the embedded store tells a taken key from a missing parent', async () => {
    const orphan = statement(store.db.insertInto('user_companies').values({ user_id: 1, company_id: 1 }))
    await expect(store.write([orphan])).rejects.toMatchObject({ kind: 'foreign_key' })
    const insert = statement(store.db.insertInto('settings').values({ name: 'a', value: 'x' }))
    await expect(store.write([insert, insert])).rejects.toBeInstanceOf(ConstraintViolation)
    await expect(store.write([insert, insert])).rejects.toMatchObject({ kind: 'unique' })
  })

  it('the embedded store never gives an id twice, however many ask at once', async () => {
    const ids = await Promise.all(Array.from({ length: 200 }, () => allocateId(store, 'user')))
    expect(new Set(ids).size).toBe(200)
  })

  it('the embedded store finishes what was begun before it closes, and refuses what comes after', async () => {
    const writes = Array.from({ length: 50 }, (_, index) => store.write([putSetting(store, `k${index}`, 'x')]))
    await store.close()
    await expect(Promise.all(writes)).resolves.toHaveLength(50)
    if (where === 'a file') await expect(store.write([putSetting(store, 'late', 'x')])).rejects.toThrow('closed')
  })
})

describe('the embedded store on disk', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let path: string

  beforeEach(() => {
    folder = temporaryFolder()
    path = join(folder.path, 'a.db')
  })
  afterEach(() => folder.remove())

  it('the embedded store waits for another program that writes', async () => {
    const store = openSqliteStore({ path, migrate: true })
    const other = new DatabaseSync(path)
    other.exec("BEGIN IMMEDIATE; INSERT INTO settings VALUES ('other', 'x')")
    const write = store.write([putSetting(store, 'mine', 'x')])
    setTimeout(() => other.exec('COMMIT'), 200)
    await write
    expect(await findSetting(store, 'other')).toBe('x')
    other.close()
    await store.close()
  })

  it('the embedded store replaces a writing thread that died, and refuses what it took with it', async () => {
    const elsewhere = join(folder.path, 'later', 'a.db')
    const writer = new ThreadWriter(elsewhere)
    const insert = { sql: "INSERT INTO settings VALUES ('a', 'x')", parameters: [] }
    await expect(writer.write([insert])).rejects.toThrow(StoreUnavailable)
    const store = openSqliteStore({ path: elsewhere, migrate: true })
    await writer.write([insert])
    expect(await findSetting(store, 'a')).toBe('x')
    await writer.close()
    await store.close()
  })

  it('the embedded store sees at once what another program wrote', async () => {
    const store = openSqliteStore({ path, migrate: true })
    const other = openSqliteStore({ path })
    await other.write([putSetting(other, 'a', '1')])
    expect(await findSetting(store, 'a')).toBe('1')
    await other.close()
    await store.close()
  })

  it('the embedded store answers after an fsync, and shares it among writes that arrive together', context => {
    // Counted by the operating system, in a program that makes 64 writes at once and then 64 one after another.
    const program = join(folder.path, 'writes.ts')
    const source = new URL('./sqlite-store.ts', import.meta.url).pathname
    const settings = new URL('../queries/settings.ts', import.meta.url).pathname
    const count = (together: boolean) => {
      writeFileSync(
        program,
        `import { openSqliteStore } from ${JSON.stringify(source)}
         import { putSetting } from ${JSON.stringify(settings)}
         const store = openSqliteStore({ path: ${JSON.stringify(join(folder.path, `${together}.db`))}, migrate: true })
         const write = (n: number) => store.write([putSetting(store, 'k' + n, 'x')])
         const all = [...Array(64).keys()]
         if (${together}) await Promise.all(all.map(write)); else for (const n of all) await write(n)
         await store.close()`,
      )
      const trace = spawnSync('strace', ['-f', '-c', '-e', 'trace=fdatasync,fsync', process.execPath, program], {
        encoding: 'utf8',
      })
      if (trace.error) return undefined
      const rows = trace.stderr.match(/^.*\b(?:fdatasync|fsync)$/gm) ?? []
      return rows.reduce((sum, row) => sum + Number(row.trim().split(/\s+/)[3]), 0)
    }
    const [together, apart] = [count(true), count(false)]
    if (together === undefined || apart === undefined) {
      if (process.env.CI) throw new Error('This test counts with strace: install the package "strace".')
      return context.skip('there is no strace here to count with')
    }
    expect(apart).toBeGreaterThanOrEqual(64)
    expect(apart - together).toBeGreaterThan(50)
  })

  it('a commit waits for the writes of the next turns of the event loop while they come, but not for all of them', async () => {
    const path = join(folder.path, 'a.db')
    const store = openSqliteStore({ path, migrate: true })
    await store.write([putSetting(store, 'warm', 'up')])
    const sent = vi.spyOn(Worker.prototype, 'postMessage')
    /** A write in each turn. @returns how many commits they took */
    const commitsOf = async (turns: number) => {
      sent.mockClear()
      const writes: Promise<unknown>[] = []
      for (let turn = 0; turn < turns; turn++) {
        writes.push(store.write([putSetting(store, `turn ${turn}`, 'x')]))
        await nextTurn()
      }
      await Promise.all(writes)
      return sent.mock.calls.length
    }
    expect(await commitsOf(1)).toBe(1)
    expect(await commitsOf(4)).toBe(1)
    // The first goes out while others still come.
    expect(await commitsOf(60)).toBeGreaterThan(1)
    sent.mockRestore()
    await store.close()
  })

  it('the embedded store migrates forward, once, and says what it did', () => {
    const database = new DatabaseSync(path)
    const forSqlite = migrations.filter(each => each.statements(sqliteMigrations).length > 0)
    expect(forSqlite.length).toBeLessThan(migrations.length)
    expect(migrate(database)).toEqual(forSqlite.map(({ name }) => name))
    expect(migrate(database)).toEqual([])
    expect(schemaVersion(database)).toBe(forSqlite.at(-1)?.version)
    database.close()
  })

  it('a migration that fails leaves nothing behind', () => {
    const database = new DatabaseSync(path)
    const version = newestVersionOn(sqliteMigrations)
    const broken = {
      version: newestVersion + 1,
      name: 'broken',
      statements: () => ['CREATE TABLE half (x)', 'nonsense'],
    }
    expect(() => migrate(database, [...migrations, broken])).toThrow()
    expect(schemaVersion(database)).toBe(version)
    expect(database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'half'").get()).toBeUndefined()
    database.close()
  })

  it('the embedded store refuses a database that a newer program made, and changes nothing', () => {
    const database = new DatabaseSync(path)
    migrate(database, [
      ...migrations,
      { version: 99, name: 'of the future', statements: () => ['CREATE TABLE future (x)'] },
    ])
    database.close()
    expect(() => openSqliteStore({ path, migrate: true })).toThrow(/schema version 99.*Use the newer program/)
  })

  it('the embedded store refuses an older schema unless it may migrate', () => {
    new DatabaseSync(path).close()
    expect(() => openSqliteStore({ path })).toThrow(/Run `tenantry migrate` first/)
  })

  it('the embedded store says in a sentence that a file is not a database', () => {
    writeFileSync(path, 'this is not a database, but it is long enough to be looked at closely'.repeat(20))
    expect(() => openSqliteStore({ path, migrate: true })).toThrow(StoreOpenError)
    expect(() => openSqliteStore({ path, migrate: true })).toThrow(/is not a database that Tenantry can read/)
  })
})
