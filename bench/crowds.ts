import { join } from 'node:path'
import { createTenantry, setMember } from '../packages/server/src/index.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { type Benchmark, type Result, round, summarize } from './benchmark.ts'
import { runLoad } from './load/node-load.ts'
import type { SteadyResult } from './load/steady.ts'
import { CONNECTIONS, loadFully, TENANTRY_ANSWER } from './load/wrk.ts'
import { fillStore, MAIN, SECRET, serveTenantry } from './targets/tenantry.ts'

const TOKENS = 2_000_000
const RATE = 2000
const CHANGES = 20

interface Shape {
  name: string
  companies: number
  users: number
}

/** Companies with more members, and members with more tokens, than others. */
export const crowds: Benchmark = {
  name: 'crowds',
  about: `${TOKENS / 1e6} million tokens of few members, of many, and of one company; asked at random, and while members change`,
  async run({ rounds, seconds, quick, say }) {
    const tokens = quick ? TOKENS / 10 : TOKENS
    const shapes: Shape[] = [
      { name: 'a member has ten tokens', companies: tokens / 100, users: tokens / 10 },
      { name: 'one company, half as many members as tokens', companies: 1, users: tokens / 2 },
      { name: 'one company, 2000 members', companies: 1, users: 2000 },
      { name: 'one company, 200 members', companies: 1, users: 200 },
    ]
    const results: Result[] = []
    for (const shape of shapes) {
      say(`${shape.name}: filling a database with ${tokens.toLocaleString('en')} tokens`)
      results.push(await measure(shape, tokens, rounds, seconds, results[0]?.per_second ?? null))
    }
    return {
      benchmark: 'crowds',
      results,
      notes: [
        `The ratio is to the first. Latencies are at ${RATE} requests a second, while ${CHANGES} times a second another process changes a member, whose tokens are all forgotten.`,
      ],
    }
  },
}

async function measure(
  { name, companies, users }: Shape,
  tokens: number,
  rounds: number,
  seconds: number,
  first: number | null,
): Promise<Result> {
  const folder = temporaryFolder()
  const data = join(folder.path, 'store')
  const size = ['--companies', String(companies), '--users', String(users)]
  const store = fillStore(['--data', data], folder.path, tokens, MAIN, size)
  const target = await serveTenantry(store)
  const endpoint = { port: target.port, tokens: store.tokens, ...TENANTRY_ANSWER }
  await loadFully(endpoint, 2 * seconds)
  const full = []
  for (let index = 0; index < rounds; index++) full.push(await loadFully(endpoint, seconds))
  const settings = { ...endpoint, rate: RATE, seconds: 2 * seconds, connections: CONNECTIONS }
  const [steady] = await Promise.all([
    runLoad<SteadyResult>('./steady.ts', settings),
    changeMembers(data, users, 2 * seconds),
  ])
  await target.stop()
  folder.remove()
  return {
    ...summarize(name, full, first),
    ratio_to_limit: first === null ? 1 : summarize(name, full, first).ratio_to_limit,
    p50_ms: round(steady.p50, 3),
    p99_ms: round(steady.p99, 3),
  }
}

/** Of the first company, which has the most. */
async function changeMembers(data: string, users: number, seconds: number) {
  const tenantry = createTenantry({
    store: { path: join(data, 'tenantry.db') },
    secrets: [SECRET],
    origin: 'http://localhost:4040',
  })
  await tenantry.ready
  for (let change = 0; change < CHANGES * seconds; change++) {
    const next = new Promise(resolve => setTimeout(resolve, 1000 / CHANGES))
    const userId = 1 + (change % Math.min(users, 100))
    await setMember(tenantry.runtime, 1, userId, { phone: String(change) })
    await next
  }
  await tenantry.close()
}
