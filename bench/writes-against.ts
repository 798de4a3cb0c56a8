import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makePostgresServer } from '../tests/support/postgres-server.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { median, round } from './benchmark.ts'
import { runLoad } from './load/node-load.ts'
import type { PeopleResult } from './load/people.ts'
import type { RefresherResult } from './load/refresher.ts'
import { cpuSeconds } from './machine.ts'
import { checkOut } from './other-checkout.ts'
import type { Target } from './targets/start.ts'
import { MAIN, makeStore, PASSWORD, type Store, serveTenantry } from './targets/tenantry.ts'

// Refreshes and installs of this checkout beside those of another commit, each on databases that it filled itself, in turn in
// one run.
//   npm run bench:writes-against -- COMMIT [ROUNDS]
const CLIENTS = 16
const SECONDS = 4

const [commit, given] = process.argv.slice(2)
const ROUNDS = Number(given ?? 7)
if (commit === undefined) {
  console.error('Name the commit to compare with: npm run bench:writes-against -- COMMIT')
  process.exit(1)
}
const folder = temporaryFolder()
const other = checkOut(commit, folder.path)
const sides = [
  { name: 'here', main: MAIN, make: makeStore, postgres: await makePostgresServer() },
  { name: 'there', main: other.main, make: await other.makeStore(), postgres: await makePostgresServer() },
]

console.log(`${CLIENTS} clients, medians of ${ROUNDS} rounds; ratios are this checkout's to ${commit}'s`)
const sqlite = await makeStores(({ name }) => ['--data', join(folder.path, name)])
await compare('refreshes, SQLite', sqlite, refresh)
await compare('installs, SQLite', sqlite, install)
if (sides.every(({ postgres }) => postgres)) {
  const stores = await makeStores(({ postgres }) => ['--database', postgres!.url])
  await compare('refreshes, PostgreSQL', stores, refresh)
}
for (const { postgres } of sides) postgres?.remove()
folder.remove()

function makeStores(flagsOf: (side: (typeof sides)[number]) => string[]): Promise<Store[]> {
  return Promise.all(sides.map(side => side.make(flagsOf(side), folder.path, { tokens: 1000, grants: CLIENTS })))
}

/** What was done, and what the server's processor did meanwhile. */
interface Done {
  done: number
  seconds: number
  cpuSeconds: number
}

type Load = (target: Target, store: Store) => Promise<Done>

async function compare(name: string, stores: Store[], load: Load) {
  const rates: [number[], number[]] = [[], []]
  const costs: [number[], number[]] = [[], []]
  for (let index = 0; index < ROUNDS; index++) {
    // Each goes first as often as the other, nearly: the machine's speed drifts.
    for (const side of index % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const store = stores[side]!
      const target = await serveTenantry(store, { main: sides[side]!.main })
      try {
        await load(target, store)
        const { done, seconds, ...spent } = await load(target, store)
        rates[side].push(done / seconds)
        costs[side].push((spent.cpuSeconds / done) * 1e6)
      } finally {
        await target.stop()
      }
    }
  }
  const [here, there] = [median(rates[0]), median(rates[1])]
  const [cost, otherCost] = [median(costs[0]), median(costs[1])]
  console.log(`  ${name}`)
  console.log(`    a second: ${here.toFixed()} and ${there.toFixed()}, ratio ${round(here / there, 2)}`)
  console.log(
    `    microseconds of the server's processor time each: ${cost.toFixed()} and ${otherCost.toFixed()}, ratio ${round(cost / otherCost, 2)}`,
  )
}

async function refresh(target: Target, store: Store): Promise<Done> {
  const { clientId, clientSecret } = store
  const tokens = join(folder.path, 'refresh-tokens')
  writeFileSync(tokens, store.refreshTokens.join('\n'))
  const settings = { port: target.port, path: '/oauth/token', clientId, clientSecret, tokens }
  const load = { ...settings, clients: CLIENTS, seconds: SECONDS, rate: 0 }
  const before = cpuSeconds(target.pid)
  const { refreshes, seconds, refreshTokens } = await runLoad<RefresherResult>('./refresher.ts', load)
  store.refreshTokens = refreshTokens
  return { done: refreshes, seconds, cpuSeconds: cpuSeconds(target.pid) - before }
}

function install(target: Target, { clientId, clientSecret, people }: Store): Promise<Done> {
  const { port, pid } = target
  const settings = { port, pid, origin: 'http://localhost:4040', seconds: SECONDS, people, password: PASSWORD }
  return runLoad<PeopleResult>('./people.ts', { ...settings, clientId, clientSecret })
}
