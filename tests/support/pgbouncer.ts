import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { serverUser } from './postgres-server.ts'

const PROGRAM = '/usr/sbin/pgbouncer'

/** Whether it is here; in CI it is installed where that is possible. */
export function hasPgBouncer(): boolean {
  if (existsSync(PROGRAM)) return true
  if (process.env.CI && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    spawnSync('apt-get', ['install', '-qy', '--no-install-recommends', 'pgbouncer'], {
      env: environment,
      stdio: 'ignore',
    })
  }
  if (existsSync(PROGRAM)) return true
  if (process.env.CI) throw new Error('This test needs PgBouncer: install the package "pgbouncer".')
  return false
}

/** A PgBouncer in transaction mode before a server on this machine, with few connections behind it. */
export async function startPgBouncer(
  postgresPort: number,
): Promise<{ url: string; stop(): Promise<void>; restart(): Promise<void> }> {
  const folder = mkdtempSync('/tmp/tenantry-pgb-')
  const port = await freePort()
  writeFileSync(join(folder, 'users'), '"tenantry" ""\n')
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
* = host=127.0.0.1 port=${postgresPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${folder}/users
pool_mode = transaction
default_pool_size = 3
server_login_retry = 1
`,
  )
  const [program = '', ...rest] = [...serverUser(folder), PROGRAM, '-q', join(folder, 'pgbouncer.ini')]
  let end = await start()
  async function start() {
    const child = spawn(program, rest, { stdio: 'ignore' })
    const ended = new Promise(resolve => child.once('exit', resolve))
    while (!(await answers(port))) await sleep(50)
    return async (signal: NodeJS.Signals) => {
      child.kill(signal)
      await ended
    }
  }
  return {
    url: `postgres://tenantry@127.0.0.1:${port}/postgres?pgbouncer=true`,
    async restart() {
      await end('SIGKILL')
      end = await start()
    },
    async stop() {
      await end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
