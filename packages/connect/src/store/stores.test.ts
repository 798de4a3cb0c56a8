import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { getTableConfig as getPostgresTable } from 'drizzle-orm/pg-core'
import { drizzle as drizzlePostgres } from 'drizzle-orm/postgres-js'
import { getTableConfig as getSqliteTable } from 'drizzle-orm/sqlite-core'
import { drizzle as drizzleSqlite } from 'drizzle-orm/sqlite-proxy'
import { Kysely, SqliteDialect } from 'kysely'
import { PostgresJSDialect } from 'kysely-postgres-js'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as tablesInPostgres from '../../../../docs/connect/tables/drizzle-postgres.ts'
import * as tablesInSqlite from '../../../../docs/connect/tables/drizzle-sqlite.ts'
import * as kyselyMigration from '../../../../docs/connect/tables/kysely.ts'
import { readBlocks } from '../../../../tests/support/fenced-blocks.ts'
import { makeDatabase, postgresUrl } from '../../../../tests/support/postgres.ts'
import { REPOSITORY, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'
import { haveThirdParty, THIRD_PARTY } from '../../../../tests/support/third-party.ts'
import { conformanceChecks, textIdChecks } from './conformance.ts'
import { drizzleStore } from './drizzle.ts'
import { kyselyStore } from './kysely.ts'
import { memoryStore } from './memory.ts'
import { postgresStore } from './postgres.ts'
import { type PrismaRawClient, prismaStore } from './prisma.ts'
import { connectTables } from './sql-store.ts'
import { sqliteStore } from './sqlite.ts'
import type { LinkStore, StoredLink } from './store.ts'

const exampleLink: StoredLink = {
  provider: 'x',
  companyId: 2 ** 40,
  userId: 777,
  accountId: 'account',
  status: 'active',
  notice: null,
  identity: '{}',
  scope: 'base',
  apiDomain: null,
  tokens: 'sealed',
  tokensExpireAt: null,
  installedAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_000,
  version: 1,
}

function conforms(name: string, open: () => Promise<LinkStore> | LinkStore) {
  describe(name, () => {
    let store: LinkStore
    beforeAll(async () => {
      store = await open()
    })
    for (const check of [...conformanceChecks, ...textIdChecks]) it(check.name, () => check.run(store))
  })
}

describe('a store in memory or in SQLite', () => {
  const folder = temporaryFolder()
  afterAll(() => folder.remove())

  conforms('in memory', memoryStore)
  conforms('SQLite in a file', () => sqliteStore(`${folder.path}/links.db`))
  conforms('SQLite beside the tables of the app', () => sqliteStore(new DatabaseSync(':memory:')))
  conforms('Kysely on SQLite, with the tables of its migration', async () => {
    const database = new DatabaseSync(':memory:')
    const prepare = (text: string) => {
      const statement = database.prepare(text)
      return { reader: true, all: (values: readonly unknown[]) => statement.all(...(values as string[])) }
    }
    const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: { close() {}, prepare } as never }) })
    await kyselyMigration.up(db)
    await kyselyMigration.textIds.up(db)
    return kyselyStore(db, { dialect: 'sqlite' })
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

describe('the tables on SQLite', () => {
  it('the SQLite tables match the Drizzle definitions', () => {
    const database = new DatabaseSync(':memory:')
    for (const table of connectTables) database.exec(table)
    for (const table of [tablesInSqlite.connectLinks, tablesInSqlite.connectTextLinks, tablesInSqlite.connectLeases]) {
      const { name, columns, primaryKeys, indexes } = getSqliteTable(table)
      const found = database.prepare('SELECT name, type, "notnull", pk FROM pragma_table_info(?)').all(name)
      const type = (text: unknown) => String(text).toUpperCase().replace('BIGINT', 'INTEGER')
      expect(columns.map(column => [column.name, type(column.getSQLType()), column.notNull ? 1 : 0])).toEqual(
        found.map(column => [column.name, type(column.type), column.notnull]),
      )
      const key = found.filter(({ pk }) => pk).map(column => column.name)
      expect(primaryKeys[0]?.columns.map(column => column.name) ?? ['name']).toEqual(key)
      const kept = database.prepare('SELECT name FROM pragma_index_list(?)').all(name)
      for (const { config } of indexes) expect(kept.map(index => index.name)).toContain(config.name)
    }
  })

  it('the SQLite tables match the guide to stores', () => {
    const shown = readBlocks('docs/connect/stores.md').find(({ language }) => language === 'sql')?.code
    expect(shown).toBe(`${connectTables.join(';\n')};\n`)
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
  conforms('Kysely, with the tables of its migration', async () => {
    const own = await makeDatabase()
    const sql = postgres(own.url)
    const db = new Kysely<unknown>({ dialect: new PostgresJSDialect({ postgres: sql }) })
    ends.push(() => sql.end().then(own.remove))
    await kyselyMigration.up(db)
    await kyselyMigration.textIds.up(db)
    return kyselyStore(db, { dialect: 'postgres' })
  })
  it('the PostgreSQL tables match the Drizzle definitions', async () => {
    const sql = postgres(database.url)
    ends.push(() => sql.end())
    for (const table of [
      tablesInPostgres.connectLinks,
      tablesInPostgres.connectTextLinks,
      tablesInPostgres.connectLeases,
    ]) {
      const { name, columns, primaryKeys, indexes } = getPostgresTable(table)
      const defined = columns.map(column => [column.name, column.getSQLType(), column.notNull ? 'NO' : 'YES'])
      const found = await sql`SELECT column_name, data_type, is_nullable FROM information_schema.columns
        WHERE table_name = ${name} ORDER BY ordinal_position`
      expect(defined).toEqual(found.map(column => [column.column_name, column.data_type, column.is_nullable]))
      const keys = await sql`SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ${name}`
      const key = primaryKeys[0]?.columns.map(column => column.name) ?? ['name']
      expect(keys.map(({ indexdef }) => indexdef).join()).toContain(`(${key.join(', ')})`)
      for (const { config } of indexes) expect(keys.map(({ indexname }) => indexname)).toContain(config.name)
    }
  })
  conforms('Drizzle', () => {
    const sql = postgres(database.url)
    ends.push(() => sql.end())
    return drizzleStore(drizzlePostgres(sql))
  })
})

describe.runIf(postgresUrl && haveThirdParty())('Prisma', () => {
  let database: Awaited<ReturnType<typeof makeDatabase>>
  let project: string
  let prisma: PrismaRawClient & { $disconnect(): Promise<void>; connectLink: { count(): Promise<number> } }

  beforeAll(async () => {
    database = await makeDatabase()
    const store = postgresStore(database.url)
    await store.createTables()
    await store.close()
    project = mkdtempSync(join(THIRD_PARTY, 'project-'))
    const models = readFileSync(join(REPOSITORY, 'docs/connect/tables/connect.prisma'), 'utf8')
    const generator = 'generator client {\n  provider = "prisma-client"\n  output = "./generated"\n}\n'
    writeFileSync(
      join(project, 'schema.prisma'),
      `${generator}datasource db {\n  provider = "postgresql"\n}\n${models}`,
    )
    const cli = join(THIRD_PARTY, 'node_modules/prisma/build/index.js')
    // Generating needs no engine, and none can be fetched everywhere.
    const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' }
    const made = spawnSync(process.execPath, [cli, 'generate', '--schema', join(project, 'schema.prisma')], {
      cwd: project,
      env,
      encoding: 'utf8',
    })
    expect({ status: made.status, output: made.status === 0 ? '' : made.stderr }).toEqual({ status: 0, output: '' })
    const { PrismaClient } = await import(join(project, 'generated/client.ts'))
    const { PrismaPg } = await import(join(THIRD_PARTY, 'node_modules/@prisma/adapter-pg/dist/index.mjs'))
    prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url }) })
  }, 120_000)
  afterAll(async () => {
    await prisma?.$disconnect()
    rmSync(project, { recursive: true, force: true })
    await database.remove()
  })

  conforms('as a store', () => prismaStore(prisma, { dialect: 'postgres' }))

  it('Prisma reads the links by its own model', async () => {
    const store = prismaStore(prisma, { dialect: 'postgres' })
    const before = await prisma.connectLink.count()
    const link = { ...exampleLink, provider: 'prisma' }
    expect(await store.insertLink(link)).toBe(true)
    expect(await prisma.connectLink.count()).toBe(before + 1)
    expect(await store.findLink(link)).toEqual(link)
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
          return link && { ...link, companyId: Math.fround(Number(link.companyId)) }
        },
      }),
    ],
    ['forgets deleting', () => ({ deleteLink: async () => true })],
    [
      'pages twice',
      store => ({ pageLinks: (provider, _, limit) => store.pageLinks(provider, undefined, limit === 7 ? 6 : limit) }),
    ],
    [
      'takes text for integers',
      store => ({
        findLink: async key => {
          const [companyId, userId] = [Number(key.companyId) || key.companyId, Number(key.userId) || key.userId]
          return store.findLink({ ...key, companyId, userId })
        },
      }),
    ],
    [
      'mixes the kinds of ids',
      store => ({ pageLinks: (provider, after, limit) => store.pageLinks(provider, after, limit) }),
    ],
    ['lists others’ links', store => ({ listLinks: provider => store.pageLinks(provider, undefined, 100) })],
  ]
  it.each(flaws)('the conformance checks notice a store that %s', async (_, flaw) => {
    const sound = memoryStore()
    const store = { ...sound, ...flaw(sound) }
    const results = await Promise.allSettled([...conformanceChecks, ...textIdChecks].map(check => check.run(store)))
    expect(results.filter(({ status }) => status === 'rejected')).not.toEqual([])
  })
})
