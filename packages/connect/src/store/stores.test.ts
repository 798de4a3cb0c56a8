import { DatabaseSync } from 'node:sqlite'
import { drizzle as drizzlePostgres } from 'drizzle-orm/postgres-js'
import { drizzle as drizzleSqlite } from 'drizzle-orm/sqlite-proxy'
import { Kysely, SqliteDialect } from 'kysely'
import { PostgresJSDialect } from 'kysely-postgres-js'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeDatabase, postgresUrl } from '../../../../tests/support/postgres.ts'
import { temporaryFolder } from '../../../../tests/support/sandbox-process.ts'
import { conformanceChecks } from './conformance.ts'
import { drizzleStore } from './drizzle.ts'
import { kyselyStore } from './kysely.ts'
import { memoryStore } from './memory.ts'
import { postgresStore } from './postgres.ts'
import { connectTables } from './sql-store.ts'
import { sqliteStore } from './sqlite.ts'
import type { LinkStore } from './store.ts'

function conforms(name: string, open: () => Promise<LinkStore> | LinkStore) {
  describe(name, () => {
    let store: LinkStore
    beforeAll(async () => {
      store = await open()
    })
    for (const check of conformanceChecks) it(check.name, () => check.run(store))
  })
}

describe('a store in memory or in SQLite', () => {
  const folder = temporaryFolder()
  afterAll(() => folder.remove())

  conforms('in memory', memoryStore)
  conforms('SQLite in a file', () => sqliteStore(`${folder.path}/links.db`))
  conforms('SQLite beside the tables of the app', () => sqliteStore(new DatabaseSync(':memory:')))
  conforms('Kysely on SQLite', () => {
    const database = new DatabaseSync(':memory:')
    for (const table of connectTables) database.exec(table)
    const prepare = (text: string) => {
      const statement = database.prepare(text)
      return { reader: true, all: (values: readonly unknown[]) => statement.all(...(values as string[])) }
    }
    return kyselyStore(new Kysely({ dialect: new SqliteDialect({ database: { close() {}, prepare } as never }) }), {
      dialect: 'sqlite',
    })
  })
  conforms('Drizzle on SQLite', () => {
    const database = new DatabaseSync(':memory:')
    for (const table of connectTables) database.exec(table)
    return drizzleStore(
      drizzleSqlite(async (text, values) => {
        const statement = database.prepare(text)
        statement.setReturnArrays(false)
        return { rows: statement.all(...values) as never }
      }),
    )
  })
})

describe.runIf(postgresUrl)('a store in PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof makeDatabase>>
  const ends: (() => Promise<unknown>)[] = []

  beforeAll(async () => {
    database = await makeDatabase()
    const store = postgresStore(database.url)
    await Promise.all([store.createTables(), store.createTables(), store.createTables()])
    await store.close()
  })
  afterAll(async () => {
    for (const end of ends) await end()
    await database.remove()
  })

  conforms('Postgres.js with an address', () => {
    const store = postgresStore(database.url)
    ends.push(() => store.close())
    return store
  })
  conforms('Postgres.js that the app has', () => {
    const sql = postgres(database.url)
    ends.push(() => sql.end())
    return postgresStore(sql)
  })
  conforms('Kysely', () => {
    const sql = postgres(database.url)
    const db = new Kysely({ dialect: new PostgresJSDialect({ postgres: sql }) })
    ends.push(() => sql.end())
    return kyselyStore(db, { dialect: 'postgres' })
  })
  conforms('Drizzle', () => {
    const sql = postgres(database.url)
    ends.push(() => sql.end())
    return drizzleStore(drizzlePostgres(sql))
  })
})

describe('the conformance checks', () => {
  const flaws: [string, (store: LinkStore) => Partial<LinkStore>][] = [
    [
      'overwrites at insert',
      store => ({
        insertLink: async link => (await store.insertLink(link)) || store.replaceLink({ ...link, version: 2 }),
      }),
    ],
    [
      'ignores versions',
      store => ({
        replaceLink: async link => {
          const now = await store.findLink(link)
          return now ? store.replaceLink({ ...link, version: now.version + 1 }) : false
        },
      }),
    ],
    ['gives leases to all', () => ({ acquireLease: async () => true })],
    ['never ends leases', store => ({ acquireLease: (name, holder) => store.acquireLease(name, holder, 1e9) })],
    [
      'rounds ids',
      store => ({
        findLink: async key => {
          const link = await store.findLink(key)
          return link && { ...link, companyId: Math.fround(link.companyId) }
        },
      }),
    ],
    ['forgets deleting', () => ({ deleteLink: async () => true })],
    [
      'pages twice',
      store => ({ pageLinks: (provider, _, limit) => store.pageLinks(provider, undefined, limit === 7 ? 6 : limit) }),
    ],
    ['lists others’ links', store => ({ listLinks: provider => store.pageLinks(provider, undefined, 100) })],
  ]
  it.each(flaws)('notice a store that %s', async (_, flaw) => {
    const sound = memoryStore()
    const store = { ...sound, ...flaw(sound) }
    const results = await Promise.allSettled(conformanceChecks.map(check => check.run(store)))
    expect(results.filter(({ status }) => status === 'rejected')).not.toEqual([])
  })
})
