import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { median, round } from './benchmark.ts'
import { type Endpoint, loadFully, TENANTRY_ANSWER } from './load/wrk.ts'
import { cpuSeconds } from './machine.ts'
import { startBare, type Target } from './targets/start.ts'
import { makeStore, serveTenantry, someOf } from './targets/tenantry.ts'

// Whether GET /users/me has become dearer: the processor time of an answer beside that of a bare server, in turn in one
// run. Time on the clock depends on what else the machine does; this does hardly. It informs and never fails.
//   npm run bench:check
const ROUNDS = 5
const SECONDS = 1
/** Measured when the hot path was last worked on; to be changed together with it. */
const RECORDED = { 'ten thousand tokens in use': 1.1, 'drawn at random from two hundred thousand': 1.8 }

if (process.platform !== 'linux' || spawnSync('wrk', ['--version']).error) {
  console.log('bench:check needs Linux and wrk (Debian: wrk); it was left out.')
  process.exit()
}

const folder = temporaryFolder()
const store = await makeStore(['--data', join(folder.path, 'store')], folder.path, { tokens: 200_000, grants: 1 })
const tenantry = await serveTenantry(store)
const some = someOf(store.tokens, 10_000)
const [token = ''] = readFileSync(some, 'utf8').split('\n', 1)
const headers = { Authorization: `Bearer ${token}` }
const bare = await startBare(await (await fetch(`http://127.0.0.1:${tenantry.port}/users/me`, { headers })).text())

/** Microseconds of processor time for an answer. */
async function cost({ pid }: Target, endpoint: Endpoint): Promise<number> {
  const before = cpuSeconds(pid)
  const { perSecond } = await loadFully(endpoint, SECONDS)
  return ((cpuSeconds(pid) - before) / (perSecond * SECONDS)) * 1e6
}

const ask = (tokens: string): Endpoint => ({ port: tenantry.port, tokens, ...TENANTRY_ANSWER })
const ways: Record<keyof typeof RECORDED, Endpoint> = {
  'ten thousand tokens in use': ask(some),
  'drawn at random from two hundred thousand': ask(store.tokens),
}
const limit: Endpoint = { port: bare.port, path: '/users/me', tokens: some, holds: TENANTRY_ANSWER.holds }
for (const endpoint of Object.values(ways)) await loadFully(endpoint, 2)
await loadFully(limit, 1)
const ratios = new Map<string, number[]>(Object.keys(ways).map(name => [name, []]))
for (let index = 0; index < ROUNDS; index++) {
  const least = await cost(bare, limit)
  for (const [name, endpoint] of Object.entries(ways)) ratios.get(name)!.push((await cost(tenantry, endpoint)) / least)
}
await bare.stop()
await tenantry.stop()
folder.remove()

console.log('Processor time of GET /users/me beside a bare server that answers the same bytes:')
for (const [name, recorded] of Object.entries(RECORDED)) {
  console.log(`  ${name}: ${round(median(ratios.get(name)!), 2)} times (recorded: ${recorded})`)
}
