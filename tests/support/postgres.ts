import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { freePort } from './free-port.ts'

/** Where the tests reach PostgreSQL: set by hand for one that runs already, otherwise by the set-up. */
const VARIABLE = 'TENANTRY_TEST_POSTGRES_URL'

/** Undefined where there is none; in CI there is one, or the set-up fails. */
export const postgresUrl = process.env[VARIABLE]

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
  if (process.env[VARIABLE]) return () => {}
  const binaries = findBinaries() ?? install()
  if (!binaries) return () => {}
  // Beside the tests' other folders would be too deep for a socket; and the server's user must be able to enter it.
  const folder = mkdtempSync('/tmp/tenantry-pg-')
  const asServer = serverUser(folder)
  const run = (command: string, ...args: string[]) => {
    const [program = '', ...rest] = [...asServer, join(binaries, command), ...args]
    const { status, stderr, stdout } = spawnSync(program, rest, {
      encoding: 'utf8',
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stdout}${stderr}`)
  }
  const data = join(folder, 'data')
  const port = await freePort()
  run('initdb', '--pgdata', data, '--username', 'tenantry', '--auth', 'trust', '--encoding', 'UTF8', '--no-sync')
  const settings = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c max_connections=200`
  run('pg_ctl', 'start', '--wait', '--pgdata', data, '--log', join(folder, 'log'), '--options', settings)
  process.env[VARIABLE] = `postgres://tenantry@127.0.0.1:${port}/postgres`
  return () => {
    run('pg_ctl', 'stop', '--mode', 'immediate', '--pgdata', data)
    rmSync(folder, { recursive: true, force: true })
  }
}

function findBinaries(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian)
    ? readdirSync(debian)
        .map(Number)
        .filter(version => version >= 15)
    : []
  const newest = Math.max(...versions)
  const inPath = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' })
  const candidates = [join(debian, String(newest), 'bin'), inPath.status === 0 ? inPath.stdout.trim() : '']
  return candidates.find(folder => folder && existsSync(join(folder, 'initdb')))
}

/** Debian's, where that can be done unasked. */
function install(): string | undefined {
  const isDebianRoot = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (isDebianRoot) {
    console.log('Installing PostgreSQL for the tests …')
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const args of [
      ['update', '-q'],
      ['install', '-qy', '--no-install-recommends', 'postgresql-15'],
    ]) {
      spawnSync('apt-get', args, { env: environment, stdio: 'ignore' })
    }
    const found = findBinaries()
    if (found) return found
  }
  const advice = `PostgreSQL 15 or newer is not installed. Install it (Debian: postgresql-15), or name one that runs in ${VARIABLE}.`
  if (process.env.CI) throw new Error(advice)
  console.warn(`${advice} The tests on PostgreSQL are skipped.`)
  return undefined
}

/** PostgreSQL refuses to run as root: then the user that Debian made for it runs it. */
function serverUser(folder: string): string[] {
  if (process.getuid?.() !== 0) return []
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find(entry => entry.startsWith('postgres:'))
  if (!line) throw new Error('PostgreSQL does not run as root, and there is no user postgres.')
  spawnSync('chown', ['postgres', folder])
  return ['runuser', '-u', 'postgres', '--']
}
