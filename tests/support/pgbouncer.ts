import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasPackage } from './debian-package.ts'
import { freePort } from './free-port.ts'
import { serverUser } from './postgres-server.ts'
import { waitForPort } from './wait-for-port.ts'

const PROGRAM = '/usr/sbin/pgbouncer'

/** Whether it is here; in CI it is installed where that is possible. */
export function hasPgBouncer(): boolean {
  return hasPackage('pgbouncer', PROGRAM)
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
    await waitForPort(port)
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
