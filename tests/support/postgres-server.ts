import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

/** A PostgreSQL of the tests' own, on loopback. It can be taken away and given back. */
export interface PostgresServer {
  readonly url: string
  readonly port: number
  /** As an administrator would: connections are ended, what was committed stays. */
  stop(mode?: 'fast' | 'immediate'): void
  start(): void
  /** No process of it does anything, and no connection is closed, until it is resumed. */
  pause(): void
  resume(): void
  /** Ends it and deletes what it kept. */
  remove(): void
}

/** A copy of a server that follows it by streaming replication, and refuses writes until it is promoted. */
export interface StandbyServer extends PostgresServer {
  promote(): void
}

/** @returns undefined where PostgreSQL is not installed */
export async function makePostgresServer(settings: string[] = []): Promise<PostgresServer | undefined> {
  const home = makeHome()
  if (!home) return undefined
  home.run(
    'initdb',
    '--pgdata',
    home.data,
    '--username',
    'tenantry',
    '--auth',
    'trust',
    '--encoding',
    'UTF8',
    '--no-sync',
  )
  return startIn(home, settings)
}

export async function makeStandby(primary: PostgresServer): Promise<StandbyServer> {
  const home = makeHome()!
  const from = ['--host', '127.0.0.1', '--port', String(primary.port), '--username', 'tenantry']
  home.run(
    'pg_basebackup',
    ...from,
    '--pgdata',
    home.data,
    '--write-recovery-conf',
    '--no-sync',
    '--checkpoint',
    'fast',
  )
  return {
    ...(await startIn(home, [])),
    promote: () => home.run('pg_ctl', 'promote', '--wait', '--pgdata', home.data),
  }
}

interface Home {
  folder: string
  data: string
  run(command: string, ...args: string[]): void
}

function makeHome(): Home | undefined {
  const binaries = findPostgres()
  if (!binaries) return undefined
  // Beside the tests' other folders would be too deep for a socket; and the server's user must be able to enter it.
  const folder = mkdtempSync('/tmp/tenantry-pg-')
  const asServer = serverUser(folder)
  return {
    folder,
    data: join(folder, 'data'),
    run(command, ...args) {
      const [program = '', ...rest] = [...asServer, join(binaries, command), ...args]
      const { status, stderr, stdout } = spawnSync(program, rest, {
        encoding: 'utf8',
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      if (status !== 0) throw new Error(`${command} ended with ${status}: ${stdout}${stderr}`)
    },
  }
}

async function startIn({ folder, data, run }: Home, settings: string[]): Promise<PostgresServer> {
  const port = await freePort()
  const options = [
    `-p ${port}`,
    `-k ${folder}`,
    '-c listen_addresses=127.0.0.1',
    '-c max_connections=200',
    ...settings.map(setting => `-c ${setting}`),
  ].join(' ')
  const start = () =>
    run('pg_ctl', 'start', '--wait', '--pgdata', data, '--log', join(folder, 'log'), '--options', options)
  const signal = (name: NodeJS.Signals) => {
    const [postmaster] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
    // The first process alone would still let its children answer.
    for (const pid of [Number(postmaster), ...childrenOf(Number(postmaster))]) signalIfAlive(pid, name)
  }
  const remove = () => {
    if (existsSync(join(data, 'postmaster.pid'))) {
      signal('SIGCONT')
      run('pg_ctl', 'stop', '--mode', 'immediate', '--pgdata', data)
    }
    rmSync(folder, { recursive: true, force: true })
  }
  whenThisProcessEnds(remove)
  start()
  return {
    url: `postgres://tenantry@127.0.0.1:${port}/postgres`,
    port,
    start,
    stop: (mode = 'fast') => run('pg_ctl', 'stop', '--wait', '--mode', mode, '--pgdata', data),
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    remove,
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A run that is broken off leaves no server behind. */
function whenThisProcessEnds(remove: () => void) {
  process.once('exit', remove)
  for (const name of SIGNALS) {
    process.once(name, () => {
      remove()
      process.kill(process.pid, name)
    })
  }
}

/** A child may end, as a connection's does with its connection, after it was listed. */
function signalIfAlive(pid: number, name: NodeJS.Signals) {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
  return stdout.split('\n').filter(Boolean).map(Number)
}

/** Where its programs are, 15 or newer. */
export function findPostgres(): string | undefined {
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

/** PostgreSQL refuses to run as root: then the user that Debian made for it runs it. */
export function serverUser(folder: string): string[] {
  if (process.getuid?.() !== 0) return []
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find(entry => entry.startsWith('postgres:'))
  if (!line) throw new Error('PostgreSQL does not run as root, and there is no user postgres.')
  spawnSync('chown', ['postgres', folder])
  return ['runuser', '-u', 'postgres', '--']
}
