import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { startSandbox, temporaryFolder } from '../tests/support/sandbox-process.ts'

// How many GET /users/me a second, beside a bare node:http server that returns the same bytes, in the same run: the two
// take turns, every answer is checked, and the ratio is what counts.
//   npm run bench            [-- --rounds 5 --seconds 4 --json]
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const duration = Number(values.seconds)

const folder = temporaryFolder()
const sandbox = await startSandbox(['--data', folder.path])
const headers = { Authorization: `Bearer ${sandbox.facts.access_token}` }
const tenantryUrl = `${sandbox.facts.origin.replace('localhost', '127.0.0.1')}/users/me`
const body = await (await fetch(tenantryUrl, { headers })).text()

const bare = spawn(process.execPath, [fileURLToPath(new URL('./bare-server.ts', import.meta.url))])
bare.stdin.end(body)
const port = await new Promise<string>(resolve => createInterface({ input: bare.stdout }).once('line', resolve))

async function load(url: string) {
  const result = await autocannon({ url, headers, connections: 64, duration, expectBody: body })
  if (result.non2xx + result.errors + result.timeouts + result.mismatches > 0) {
    throw new Error(`wrong answers from ${url}: ${JSON.stringify(result)}`)
  }
  return { perSecond: result.requests.average, p50: result.latency.p50, p99: result.latency.p99 }
}

const median = (numbers: number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
const samples = { bare: [] as Awaited<ReturnType<typeof load>>[], tenantry: [] as Awaited<ReturnType<typeof load>>[] }
await load(tenantryUrl)
for (let round = 0; round < rounds; round++) {
  samples.bare.push(await load(`http://127.0.0.1:${port}/`))
  samples.tenantry.push(await load(tenantryUrl))
}
bare.kill()
await sandbox.stop()
folder.remove()

const limit = median(samples.bare.map(({ perSecond }) => perSecond))
const results = Object.entries(samples).map(([name, runs]) => ({
  name,
  per_second: Math.round(median(runs.map(({ perSecond }) => perSecond))),
  p50_ms: median(runs.map(({ p50 }) => p50)),
  p99_ms: median(runs.map(({ p99 }) => p99)),
  ratio_to_limit: Number((median(runs.map(({ perSecond }) => perSecond)) / limit).toFixed(3)),
}))
if (values.json) console.log(JSON.stringify({ benchmark: 'users-me', machine: `node ${process.version}`, results }))
else console.table(results)
