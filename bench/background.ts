import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { createApp, createTenantry } from '../packages/server/src/index.ts'
import { startCommand, temporaryFolder } from '../tests/support/sandbox-process.ts'
import { makeToken } from './one-token.ts'

// What one request after the other takes while the server has background work: 50,000 callbacks that are due for an app whose
// server hangs, and 20,000 rows to clean beside 300,000 used codes of living installations. Beside the same server without
// that work, in the same run.
//   npm run bench:background         [-- --seconds 15]
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '15' } } })
const SECRET = 'a secret of the benchmark that is long enough'
const DAY = 24 * 3600 * 1000
const folder = temporaryFolder()
const hanging = createServer(() => {}).listen(0, '127.0.0.1')
await new Promise(resolve => hanging.once('listening', resolve))

async function makeDatabase(name: string, isBusy: boolean): Promise<{ data: string; token: string }> {
  const data = join(folder.path, name)
  const path = join(data, 'tenantry.db')
  const tenantry = createTenantry({
    store: { path },
    secrets: [SECRET],
    origin: 'http://localhost:4040',
    localCallbacks: true,
  })
  await tenantry.ready
  const token = await makeToken(tenantry)
  // The address is not called by `serve`, which calls public ones only: the look-ups and claims are what is measured.
  const uninstallUrl = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}/gone`
  const { app } = await createApp(tenantry.runtime, {
    name: 'Hanging',
    redirectUris: ['http://127.0.0.1/x'],
    scopes: ['base'],
    uninstallUrl,
    keepSecret: true,
  })
  await tenantry.close()
  if (isBusy) fill(path, app.clientId)
  return { data, token }
}

function fill(path: string, clientId: string) {
  const database = new DatabaseSync(path)
  const now = Date.now()
  const { company_id, user_id, client_id } = database.prepare('SELECT * FROM installations LIMIT 1').get() as {
    [name: string]: string | number
  }
  const rows = (count: number) => `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`
  database.exec(`INSERT INTO uninstall_callbacks (company_id, user_id, client_id, ended_at, next_attempt_at)
    ${rows(50_000)} SELECT i, 1, '${clientId}', ${now}, ${now} FROM n`)
  database.exec(`INSERT INTO refresh_tokens (company_id, token_hash, user_id, client_id, family_id, scopes, created_at, expires_at)
    ${rows(300_000)} SELECT ${company_id}, CAST('t' || i AS BLOB), ${user_id}, '${client_id}', 'f' || i, 'base', ${now}, ${now + DAY} FROM n`)
  database.exec(`INSERT INTO authorization_codes
    (company_id, code_hash, user_id, client_id, family_id, redirect_uri, scopes, created_at, expires_at, used_at)
    ${rows(300_000)} SELECT ${company_id}, CAST('c' || i AS BLOB), ${user_id}, '${client_id}', 'f' || i, 'x', 'base', ${now - 5 * DAY}, ${now - 4 * DAY}, ${now - 4 * DAY} FROM n`)
  database.exec(`INSERT INTO sessions (session_hash, user_id, created_at, expires_at)
    ${rows(20_000)} SELECT CAST('s' || i AS BLOB), 1, ${now - 20 * DAY}, ${now - 2 * DAY} FROM n`)
  database.close()
}

/** Milliseconds that each request took, one after the other, from the moment that the server is ready. */
async function measure({ data, token }: { data: string; token: string }): Promise<number[]> {
  const child = startCommand(['serve', '--port', '0', '--data', data], {
    TENANTRY_ORIGIN: 'https://id.example',
    TENANTRY_SECRETS: SECRET,
    TENANTRY_LOG_LEVEL: 'info',
  })
  const ended = new Promise(resolve => child.once('close', resolve))
  const port = await new Promise<number>(resolve => {
    createInterface({ input: child.stdout! }).on('line', line => {
      const { msg, port } = JSON.parse(line)
      if (msg === 'ready') resolve(port)
    })
  })
  child.stdout?.resume()
  const took: number[] = []
  const until = performance.now() + Number(values.seconds) * 1000
  while (performance.now() < until) {
    const begun = performance.now()
    const answer = await fetch(`http://127.0.0.1:${port}/users/me`, { headers: { Authorization: `Bearer ${token}` } })
    await answer.arrayBuffer()
    took.push(performance.now() - begun)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  child.kill('SIGTERM')
  await ended
  return took.sort((a, b) => a - b)
}

const at = (took: number[], share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))]!
const idle = await measure(await makeDatabase('idle', false))
const busy = await measure(await makeDatabase('busy', true))
hanging.close()
folder.remove()
for (const [name, took] of [
  ['without background work', idle],
  ['with it', busy],
] as const) {
  console.log(
    `${name}: median ${at(took, 0.5).toFixed(2)} ms, p99 ${at(took, 0.99).toFixed(2)} ms, longest ${took.at(-1)!.toFixed(0)} ms`,
  )
}
console.log(
  `median ${(at(busy, 0.5) / at(idle, 0.5)).toFixed(2)} times, p99 ${(at(busy, 0.99) / at(idle, 0.99)).toFixed(2)} times`,
)
