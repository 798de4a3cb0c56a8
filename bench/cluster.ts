import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { makePostgresServer } from '../tests/support/postgres-server.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { extrapolate } from './internet-scale.ts'
import { runLoad } from './load/node-load.ts'
import type { RefresherResult } from './load/refresher.ts'
import { loadFully, TENANTRY_ANSWER } from './load/wrk.ts'
import { cpuSeconds } from './machine.ts'
import { type Cluster, type Costs, simulate } from './simulate.ts'
import { makeStore, serveTenantry } from './targets/tenantry.ts'

// What a request, a query and a row cost, measured with few connections; then what the simulation says of many connections and
// more servers beside what is measured of them; then what it says of clusters that are not here.
//   npm run bench:cluster            [-- --seconds 4 --tokens 200000]
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, tokens: { type: 'string', default: '200000' } },
})
const SECONDS = Number(values.seconds)
const TOKENS = Number(values.tokens)
/** Server processes have the first core of this machine; database and load generator the second. */
const [SERVERS, REST] = [0, 1]
const MOST_IN_QUERY = 500

const folder = temporaryFolder()
const postgres = await makePostgresServer()
if (!postgres) throw new Error('Install PostgreSQL 15 or newer (Debian: postgresql-15).')
const admin = new pg.Client({ connectionString: postgres.url })
await admin.connect()
const [{ pid } = { pid: 0 }] = await query('SELECT pg_backend_pid() AS pid')
const parent = parentOf(Number(pid))
spawnSync('taskset', ['-a', '-p', '-c', String(REST), String(parent)])
const store = await makeStore(['--database', postgres.url], folder.path, { tokens: TOKENS, grants: 16 })
await query('ANALYZE')

interface Measured {
  perSecond: number
  /** Seconds of processor time for each request. */
  server: number
  database: number
  client: number
  /** Queries for each request. */
  queries: number
}

const points: Measured[] = []
for (const connections of [2, 8, 32]) {
  const point = await measure({ servers: [SERVERS], connections })
  points.push(point)
  const { perSecond, database } = point
  console.log(
    `${connections} connections: ${perSecond.toFixed()} a second, database ${(database * 1e6).toFixed()} µs each`,
  )
}
const costs = costsFrom(points)
console.log('Measured of a look-up at random, in microseconds of processor time:')
for (const [name, value] of Object.entries(costs)) console.log(`  ${name.padEnd(8)} ${(value * 1e6).toFixed(1)}`)

console.log('\nRequests a second, measured and simulated:')
const cases = [
  { name: 'one server, 16 connections', servers: [SERVERS], connections: 16 },
  { name: 'one server, 64 connections', servers: [SERVERS], connections: 64 },
  { name: 'two servers on one core, 64 connections', servers: [SERVERS, SERVERS], connections: 64 },
  { name: 'two servers, one beside the database, 64 connections', servers: [SERVERS, REST], connections: 64 },
]
for (const each of cases) {
  const { perSecond } = await measure(each)
  const predicted = simulate(costs, onThisMachine(each.servers), { connections: each.connections, seconds: 4 })
  const ratio = predicted.perSecond / perSecond
  console.log(
    `  ${each.name.padEnd(54)} ${perSecond.toFixed().padStart(7)} ${predicted.perSecond.toFixed().padStart(7)}  ratio ${ratio.toFixed(2)}`,
  )
}

const refreshing = await measureRefreshes()
const sizes = await measureSizes()
console.log('\nA refresh, and rows with their indexes:')
console.log(
  `  server ${(refreshing.server * 1e6).toFixed()} µs, database ${(refreshing.database * 1e6).toFixed()} µs, ${refreshing.walBytes.toFixed()} bytes of WAL`,
)
for (const [table, bytes] of Object.entries(sizes)) console.log(`  ${table.padEnd(20)} ${bytes.toFixed()} bytes a row`)

console.log(`\n${extrapolate({ costs, refreshing, sizes })}`)
await admin.end()
postgres.remove()
folder.remove()

async function query(sql: string): Promise<Record<string, unknown>[]> {
  return (await admin.query(sql)).rows
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

function onThisMachine(cores: readonly number[]): Cluster {
  return {
    servers: cores.length,
    databases: 1,
    serverCore: server => cores[server]!,
    databaseCore: () => REST,
    clientCore: REST,
    mostInQuery: MOST_IN_QUERY,
  }
}

async function measure({
  servers,
  connections,
}: {
  servers: readonly number[]
  connections: number
}): Promise<Measured> {
  const targets = await Promise.all(
    servers.map(core =>
      serveTenantry(store, core === SERVERS ? {} : { anyCore: true, wrap: ['taskset', '-c', String(core)] }),
    ),
  )
  const load = () =>
    Promise.all(
      targets.map(({ port }) =>
        loadFully({ port, tokens: store.tokens, ...TENANTRY_ANSWER }, SECONDS, {
          connections: Math.round(connections / targets.length),
        }),
      ),
    )
  try {
    await load()
    const servers = () => targets.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)
    const before = { servers: servers(), database: cpuSeconds(parent), queries: await commits() }
    const rounds = await load()
    const perSecond = rounds.reduce((sum, each) => sum + each.perSecond, 0)
    const requests = perSecond * SECONDS
    return {
      perSecond,
      server: (servers() - before.servers) / requests,
      database: (cpuSeconds(parent) - before.database) / requests,
      client: rounds.reduce((sum, each) => sum + each.clientSeconds, 0) / requests,
      queries: ((await commits()) - before.queries) / requests,
    }
  } finally {
    await Promise.all(targets.map(target => target.stop()))
  }
}

/** Transactions that were committed: each query for tokens is one. */
async function commits(): Promise<number> {
  // A backend tells what it did a second late.
  await new Promise(resolve => setTimeout(resolve, 1500))
  return Number((await query('SELECT sum(xact_commit) AS commits FROM pg_stat_database'))[0]!.commits)
}

/** What a query and a row cost follows from loads that ask for different numbers of rows at once. */
function costsFrom(points: readonly Measured[]): Costs {
  const queries = points.map(each => each.queries)
  const database = lineThrough(
    queries,
    points.map(each => each.database),
  )
  const server = lineThrough(
    queries,
    points.map(each => each.server),
  )
  const client = points.at(-1)!.client
  return {
    server: server.base,
    serverQuery: server.slope,
    query: database.slope,
    row: database.base,
    client,
    network: 0,
  }
}

/** The line with the least squares of distances: what each request costs, and each query besides. */
function lineThrough(x: readonly number[], y: readonly number[]): { base: number; slope: number } {
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length
  const [middleX, middleY] = [mean(x), mean(y)]
  const above = x.reduce((sum, each, index) => sum + (each - middleX) * (y[index]! - middleY), 0)
  const slope = above / x.reduce((sum, each) => sum + (each - middleX) ** 2, 0)
  return { slope, base: Math.max(0, middleY - slope * middleX) }
}

async function measureRefreshes() {
  const target = await serveTenantry(store)
  const tokens = join(folder.path, 'refresh-tokens')
  const { clientId, clientSecret } = store
  const load = async () => {
    writeFileSync(tokens, store.refreshTokens.join('\n'))
    const settings = { port: target.port, path: '/oauth/token', clientId, clientSecret, tokens, clients: 16, rate: 0 }
    const result = await runLoad<RefresherResult>('./refresher.ts', { ...settings, seconds: SECONDS })
    store.refreshTokens = result.refreshTokens
    return result.refreshes
  }
  await load()
  const wal = async () => Number((await query("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS bytes"))[0]!.bytes)
  const before = { server: cpuSeconds(target.pid), database: cpuSeconds(parent), wal: await wal() }
  const refreshes = await load()
  const measured = {
    server: (cpuSeconds(target.pid) - before.server) / refreshes,
    database: (cpuSeconds(parent) - before.database) / refreshes,
    walBytes: ((await wal()) - before.wal) / refreshes,
  }
  await target.stop()
  return measured
}

/** Bytes of a row with its share of the indexes. */
async function measureSizes(): Promise<Record<string, number>> {
  const tables = [
    'access_tokens',
    'refresh_tokens',
    'installations',
    'memberships',
    'users',
    'user_companies',
    'sign_in_emails',
  ]
  await query('VACUUM ANALYZE')
  const sizes: Record<string, number> = {}
  for (const table of tables) {
    const [row] = await query(`SELECT pg_total_relation_size('${table}') AS bytes, count(*) AS rows FROM ${table}`)
    sizes[table] = Number(row!.bytes) / Math.max(1, Number(row!.rows))
  }
  return sizes
}
