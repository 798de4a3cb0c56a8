import { join } from 'node:path'
import type { HotResponse } from '../packages/server/src/http/hot-route.ts'
import { createTenantry } from '../packages/server/src/index.ts'
import type { Metrics } from '../packages/server/src/metrics/metrics.ts'
import { usersMeHotRoute } from '../packages/server/src/users-me/hot-route.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { median, round } from './benchmark.ts'
import { loadFully, TENANTRY_ANSWER } from './load/wrk.ts'
import { cpuSeconds } from './machine.ts'
import { makeToken } from './one-token.ts'
import { fillStore, MAIN, SECRET, serveTenantry } from './targets/tenantry.ts'

// What counting costs GET /users/me: the hot route with its meter beside the same route without one, in turn, in this process; and
// how much of the processor time of a whole request, measured by wrk in the same run, that is.
//   npm run bench:metrics
const ROUNDS = 20
const REQUESTS = 200_000
const SECONDS = 3

const folder = temporaryFolder()
const tenantry = createTenantry({
  store: { path: join(folder.path, 'tenantry.db') },
  secrets: [SECRET],
  origin: 'http://localhost:4040',
})
await tenantry.ready
const authorization = `Bearer ${await makeToken(tenantry)}`
const { runtime } = tenantry
const uncounted = { requests: { meter: () => ({ count() {} }) } } as unknown as Metrics
const routes = [usersMeHotRoute(runtime), usersMeHotRoute({ ...runtime, metrics: uncounted })]
const request = { path: '/users/me', authorization } as never

function measure(index: number): number {
  const route = routes[index]!
  const started = process.cpuUsage()
  for (let each = 0; each < REQUESTS; each++) {
    if ((route.respond(request) as HotResponse).status !== 200) throw new Error('a wrong answer')
  }
  const { user, system } = process.cpuUsage(started)
  return ((user + system) / REQUESTS) * 1000
}

for (const index of [0, 1, 0, 1]) measure(index)
const nanoseconds: [number[], number[]] = [[], []]
for (let index = 0; index < ROUNDS; index++) {
  // Each goes first as often as the other.
  for (const side of index % 2 === 0 ? [0, 1] : [1, 0]) nanoseconds[side]!.push(measure(side))
}
await tenantry.close()

const store = fillStore(['--data', join(folder.path, 'store')], folder.path, 10_000, MAIN)
const server = await serveTenantry({ flags: store.flags })
const endpoint = { port: server.port, tokens: store.tokens, ...TENANTRY_ANSWER }
await loadFully(endpoint, 2)
const before = cpuSeconds(server.pid)
const { perSecond } = await loadFully(endpoint, SECONDS)
const whole = ((cpuSeconds(server.pid) - before) / (perSecond * SECONDS)) * 1e9
await server.stop()
folder.remove()

const [counted, plain] = nanoseconds.map(median)
const cost = counted! - plain!
console.log(`GET /users/me, medians of ${ROUNDS} alternating rounds of ${REQUESTS.toLocaleString('en')} requests`)
console.log(
  `  the route counted: ${counted!.toFixed()} ns, not counted: ${plain!.toFixed()} ns, difference ${cost.toFixed()} ns`,
)
console.log(
  `  a whole request: ${whole.toFixed()} ns of processor time; counting is ${round((cost / whole) * 100, 2)} % of it`,
)
