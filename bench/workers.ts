import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { createTenantry } from '../packages/server/src/index.ts'
import { startCommand, temporaryFolder } from '../tests/support/sandbox-process.ts'
import { median } from './benchmark.ts'
import { cpuSeconds } from './machine.ts'
import { makeToken } from './one-token.ts'

// What two workers serve beside one. The load generator runs on the same cores, so besides the plain ratio it prints
// what the servers' own processor time allows: requests for each second of it, times the cores that they may use.
//   npm run bench:workers            [-- --rounds 5 --seconds 4]
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '4' } },
})
const SECRET = 'a secret of the benchmark that is long enough'

if (spawnSync('wrk', ['--version']).error) throw new Error('Install wrk (Debian: wrk), the load generator.')

const folder = temporaryFolder()
const tenantry = createTenantry({
  store: { path: join(folder.path, 'tenantry.db') },
  secrets: [SECRET],
  origin: 'http://localhost:4040',
})
await tenantry.ready
const token = await makeToken(tenantry)
await tenantry.close()

interface Sample {
  perSecond: number
  /** For each second of the servers' processor time. */
  perCpuSecond: number
}

async function measure(workers: number): Promise<Sample> {
  const child = startCommand(['serve', '--port', '0', '--workers', String(workers), '--data', folder.path], {
    TENANTRY_ORIGIN: 'https://id.example',
    TENANTRY_SECRETS: SECRET,
  })
  const ended = new Promise(resolve => child.once('close', resolve))
  const port = await new Promise<number>(resolve => {
    createInterface({ input: child.stdout! }).on('line', line => {
      const { msg, port } = JSON.parse(line)
      if (msg === 'ready') resolve(port)
    })
  })
  child.stdout?.resume()
  const url = `http://127.0.0.1:${port}/users/me`
  await load(url, 1)
  const before = cpuSeconds(child.pid!)
  const requests = await load(url, Number(values.seconds))
  const cpu = cpuSeconds(child.pid!) - before
  child.kill('SIGTERM')
  await ended
  return { perSecond: requests / Number(values.seconds), perCpuSecond: requests / cpu }
}

/** @returns how many requests were answered, every one with 200 */
async function load(url: string, seconds: number): Promise<number> {
  const wrk = spawn('wrk', ['-t1', '-c64', `-d${seconds}`, '-H', `Authorization: Bearer ${token}`, url])
  let output = ''
  wrk.stdout.on('data', chunk => {
    output += chunk
  })
  await new Promise(resolve => wrk.once('close', resolve))
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`wrong answers: ${output}`)
  return Number(/(\d+) requests in/.exec(output)?.[1])
}

const samples: Record<'1' | '2', Sample[]> = { 1: [], 2: [] }
for (let round = 0; round < Number(values.rounds); round++) {
  samples[1].push(await measure(1))
  samples[2].push(await measure(2))
}
folder.remove()
const of = (workers: '1' | '2', what: keyof Sample) => median(samples[workers].map(sample => sample[what]))
console.table(
  (['1', '2'] as const).map(workers => ({
    workers: Number(workers),
    per_second: Math.round(of(workers, 'perSecond')),
    per_cpu_second: Math.round(of(workers, 'perCpuSecond')),
  })),
)
console.log(`Two workers beside one: ${(of('2', 'perSecond') / of('1', 'perSecond')).toFixed(2)} with the load generator on the same cores;
${((2 * of('2', 'perCpuSecond')) / of('1', 'perCpuSecond')).toFixed(2)} by the servers' own processor time.`)
