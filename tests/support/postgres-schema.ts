import postgres from 'postgres'
import { postgresUrl } from './postgres.ts'

const server = postgresUrl === undefined ? undefined : postgres(postgresUrl, { max: 1, onnotice: () => {} })

/** A schema of its own in the tests' PostgreSQL, as an address to open. */
export async function makeSchema(): Promise<{ url: string; remove(): Promise<void> }> {
  if (!server) throw new Error('There is no PostgreSQL for the tests.')
  const name = `t${process.pid}_${Math.random().toString(36).slice(2, 10)}`
  await server.unsafe(`CREATE SCHEMA ${name}`)
  const url = new URL(postgresUrl!)
  url.searchParams.set('search_path', name)
  return {
    url: url.href,
    remove: async () => {
      await server.unsafe(`DROP SCHEMA ${name} CASCADE`)
    },
  }
}
