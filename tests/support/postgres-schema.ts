import pg from 'pg'
import { afterAll } from 'vitest'
import { distributeDatabase, migrateDatabase } from '../../packages/server/src/store/postgres/postgres-store.ts'
import { isCitus, postgresUrl } from './postgres.ts'

/** A schema of its own in the tests' PostgreSQL, as an address to open. */
export interface TestSchema {
  url: string
  remove(): Promise<void>
}

const made: string[] = []
/** Made and emptied, for the next test. */
const resting: TestSchema[] = []

afterAll(async () => {
  const names = made.splice(0)
  resting.length = 0
  // One by one: each is many tables, and locks are few.
  for (const name of names) await run(`DROP SCHEMA IF EXISTS ${name} CASCADE`)
})

/** Empty, with no tables. */
export async function makeSchema(): Promise<TestSchema> {
  if (!postgresUrl) throw new Error('There is no PostgreSQL for the tests.')
  const name = `t${process.pid}_${Math.random().toString(36).slice(2, 10)}`
  await run(`CREATE SCHEMA ${name}`)
  made.push(name)
  const url = new URL(postgresUrl)
  // Fewer pieces than usual, since each test file has its own.
  const pieces = isCitus ? ' -c citus.shard_count=4' : ''
  url.searchParams.set('options', `-c search_path=${name}${pieces}`)
  return { url: url.href, remove: async () => run(`DROP SCHEMA ${name} CASCADE`) }
}

/** With tables, laid out over the machines where there are several; used again by later tests of the file. */
export async function makePreparedSchema(): Promise<TestSchema> {
  const rested = resting.pop()
  if (rested) return rested
  const { url } = await makeSchema()
  await (isCitus ? distributeDatabase(url) : migrateDatabase(url))
  const schema: TestSchema = {
    url,
    async remove() {
      await empty(url)
      resting.push(schema)
    },
  }
  return schema
}

async function empty(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'migrations'",
  )
  await client.query(`TRUNCATE ${rows.map(({ name }) => name).join()} CASCADE`)
  await client.end()
}

async function run(sql: string) {
  const client = new pg.Client({ connectionString: postgresUrl! })
  await client.connect()
  await client.query("SET client_min_messages TO 'warning'")
  await client.query(sql)
  await client.end()
}
