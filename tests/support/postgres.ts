import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import postgres from 'postgres'
import { findPostgres, makePostgresServer } from './postgres-server.ts'

/** Where the tests reach PostgreSQL: set by hand for one that runs already, otherwise by the set-up. */
const VARIABLE = 'TENANTRY_TEST_POSTGRES_URL'

/** The coordinator of a Citus cluster, to run the suite on that instead; `npm run citus` starts one. */
const CITUS = 'TENANTRY_TEST_CITUS_URL'

export const isCitus = process.env[CITUS] !== undefined

/** Undefined where there is none; in CI there is one, or the set-up fails. */
export const postgresUrl = process.env[CITUS] ?? process.env[VARIABLE]

/** A database of its own for a test file. */
export async function makeDatabase(): Promise<{ url: string; remove(): Promise<void> }> {
  const name = `tenantry_test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`
  const server = postgres(postgresUrl!, { max: 1, onnotice: () => {} })
  await server.unsafe(`CREATE DATABASE ${name}`)
  const url = new URL(postgresUrl!)
  url.pathname = `/${name}`
  return {
    url: url.href,
    async remove() {
      await server.unsafe(`DROP DATABASE ${name} WITH (FORCE)`)
      await server.end()
    },
  }
}

/** Starts a PostgreSQL of the tests' own, where one is installed or can be. Gives back how to end it. */
export async function startPostgres(): Promise<() => void> {
  const installed = findPostgres() ?? install()
  if (postgresUrl || !installed) return () => {}
  const server = (await makePostgresServer())!
  process.env[VARIABLE] = server.url
  return server.remove
}

/** Debian's, where that can be done unasked. */
function install(): string | undefined {
  const isDebianRoot = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (isDebianRoot) {
    console.log('Installing PostgreSQL for the tests …')
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const args of [
      ['update', '-q'],
      ['install', '-qy', '--no-install-recommends', 'postgresql-15', 'pgbouncer'],
    ]) {
      spawnSync('apt-get', args, { env: environment, stdio: 'ignore' })
    }
    const found = findPostgres()
    if (found) return found
  }
  const advice = `PostgreSQL 15 or newer is not installed. Install it (Debian: postgresql-15), or name one that runs in ${VARIABLE}.`
  if (process.env.CI) throw new Error(advice)
  console.warn(`${advice} The tests on PostgreSQL are skipped.`)
  return undefined
}
