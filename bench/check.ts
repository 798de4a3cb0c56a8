import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makePostgresServer } from '../tests/support/postgres-server.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { median, round } from './benchmark.ts'
import { type Endpoint, loadFully, TENANTRY_ANSWER } from './load/wrk.ts'
import { cpuSeconds } from './machine.ts'
import { startBare, type Target } from './targets/start.ts'
import { makeStore, type Store, serveTenantry, someOf } from './targets/tenantry.ts'

// Whether GET /users/me has become dearer: the processor time of an answer beside that of a bare server, in turn in one
// run. Time on the clock depends on what else the machine does; this does hardly. It informs; only wrong answers fail it.
//   npm run bench:check
const ROUNDS = 5
const SECONDS = 1
/** On a machine that does much else an answer may take long. */
const PATIENT = { mayTimeOut: true }
const TOKENS = 200_000
const IN_USE = 10_000

/** A way to ask, and what it took when the hot path was last worked on: to be changed together with it. */
interface Way {
  name: string
  recorded: number
  server: Target
  endpoint: Omit<Endpoint, 'port'>
}

if (process.platform !== 'linux' || spawnSync('wrk', ['--version']).error) {
  console.log('bench:check needs Linux and wrk (Debian: wrk); it was left out.')
  process.exit()
}

const folder = temporaryFolder()
const postgres = await makePostgresServer()
const fill = (flags: string[]) => makeStore(flags, folder.path, { tokens: TOKENS, grants: 1 })
const embedded = await fill(['--data', join(folder.path, 'store')])
const onPostgres = postgres && (await fill(['--database', postgres.url]))
const server = await serveTenantry(embedded)
const node = onPostgres && (await serveTenantry(onPostgres))
const bare = await startBare(await answerOf(server, embedded))

const inUse = (store: Store) => ({ tokens: someOf(store.tokens, IN_USE), ...TENANTRY_ANSWER })
const atRandom = (store: Store) => ({ tokens: store.tokens, ...TENANTRY_ANSWER })
const ways: Way[] = [
  { name: 'ten thousand tokens in use', recorded: 1.4, server, endpoint: inUse(embedded) },
  {
    name: 'the same, one other request in 100',
    recorded: 1.5,
    server,
    endpoint: { ...inUse(embedded), otherEvery: 100 },
  },
  { name: 'drawn at random from two hundred thousand', recorded: 1.9, server, endpoint: atRandom(embedded) },
  ...(onPostgres && node
    ? [
        { name: 'on PostgreSQL, ten thousand in use', recorded: 2.1, server: node, endpoint: inUse(onPostgres) },
        { name: 'on PostgreSQL, at random', recorded: 2.4, server: node, endpoint: atRandom(onPostgres) },
      ]
    : []),
]
const limit: Omit<Endpoint, 'port'> = {
  path: '/users/me',
  tokens: inUse(embedded).tokens,
  holds: TENANTRY_ANSWER.holds,
}

/** Microseconds of processor time for an answer. */
async function cost({ pid, port }: Target, endpoint: Omit<Endpoint, 'port'>): Promise<number> {
  const before = cpuSeconds(pid)
  const { perSecond } = await loadFully({ ...endpoint, port }, SECONDS, PATIENT)
  return ((cpuSeconds(pid) - before) / (perSecond * SECONDS)) * 1e6
}

async function answerOf({ port }: Target, { tokens }: Store): Promise<string> {
  const [token = ''] = readFileSync(tokens, 'utf8').split('\n', 1)
  const headers = { Authorization: `Bearer ${token}` }
  return (await fetch(`http://127.0.0.1:${port}/users/me`, { headers })).text()
}

for (const { server: asked, endpoint } of ways) await loadFully({ ...endpoint, port: asked.port }, 2, PATIENT)
await loadFully({ ...limit, port: bare.port }, 1, PATIENT)
const ratios = new Map<Way, number[]>(ways.map(way => [way, []]))
for (let index = 0; index < ROUNDS; index++) {
  const least = await cost(bare, limit)
  for (const [way, found] of ratios) found.push((await cost(way.server, way.endpoint)) / least)
}
for (const target of [bare, server, ...(node ? [node] : [])]) await target.stop()
postgres?.remove()
folder.remove()

console.log('Processor time of GET /users/me beside a bare server that answers the same bytes (of the server alone):')
for (const [{ name, recorded }, found] of ratios) {
  console.log(`  ${name}: ${round(median(found), 2)} times (recorded: ${recorded})`)
}
if (!postgres) console.log('  PostgreSQL 15 or newer is not installed: left out.')
