import { join } from 'node:path'
import { context, trace } from '@opentelemetry/api'
import { NodeSDK, tracing } from '@opentelemetry/sdk-node'
import type { HotResponse } from '../packages/server/src/http/hot-route.ts'
import { createTenantry } from '../packages/server/src/index.ts'
import { usersMeHotRoute } from '../packages/server/src/users-me/hot-route.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { median } from './benchmark.ts'
import { makeToken } from './one-token.ts'

// What tracing costs GET /users/me: the hot route without an SDK, with one that samples nothing, and with one that records every
// request and discards its spans, in turn, in this process.
//   npm run bench:tracing
const ROUNDS = 20
const REQUESTS = 50_000

const folder = temporaryFolder()
const tenantry = createTenantry({
  store: { path: join(folder.path, 'tenantry.db') },
  secrets: ['a-secret-of-at-least-32-characters-for-benchmarks'],
  origin: 'http://localhost:4040',
})
await tenantry.ready
const authorization = `Bearer ${await makeToken(tenantry)}`

// A route asks for its tracer when it is made; the OpenTelemetry API holds one provider at a time.
const untraced = usersMeHotRoute(tenantry.runtime)
const unsampled = traced(new tracing.AlwaysOffSampler())
const recorded = traced(new tracing.AlwaysOnSampler())
const routes = [untraced, unsampled, recorded]

function traced(sampler: tracing.Sampler) {
  trace.disable()
  context.disable()
  const spanProcessor = new tracing.BatchSpanProcessor(new tracing.InMemorySpanExporter(), { maxQueueSize: 1 })
  new NodeSDK({ sampler, spanProcessors: [spanProcessor], instrumentations: [], autoDetectResources: false }).start()
  return usersMeHotRoute(tenantry.runtime)
}

function measure(index: number): number {
  const route = routes[index]!
  const started = process.cpuUsage()
  for (let each = 0; each < REQUESTS; each++) {
    const response = route.respond({ path: '/users/me', authorization, traceparent: undefined })
    if ((response as HotResponse).status !== 200) throw new Error('a wrong answer')
  }
  const { user, system } = process.cpuUsage(started)
  return ((user + system) / REQUESTS) * 1000
}

for (const index of [0, 1, 2, 0, 1, 2]) measure(index)
const nanoseconds: [number[], number[], number[]] = [[], [], []]
for (let round = 0; round < ROUNDS; round++) {
  // Each goes first as often as the others.
  for (const step of [0, 1, 2]) {
    const index = (step + round) % 3
    nanoseconds[index]!.push(measure(index))
  }
}
await tenantry.close()
folder.remove()

const [plain, off, on] = nanoseconds.map(median)
console.log(`GET /users/me, medians of ${ROUNDS} alternating rounds of ${REQUESTS.toLocaleString('en')} requests`)
console.log(`  no SDK: ${plain!.toFixed()} ns of processor time`)
console.log(`  not sampled: ${off!.toFixed()} ns, ${(off! - plain!).toFixed()} ns more`)
console.log(`  recorded: ${on!.toFixed()} ns, ${(on! - plain!).toFixed()} ns more, without sending`)
process.exit()
