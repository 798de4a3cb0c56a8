import { join } from 'node:path'
import { createAdminKey, createTenantry } from '../packages/server/src/index.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { type Benchmark, type Round, summarize } from './benchmark.ts'
import { cpuSeconds } from './machine.ts'
import { SECRET, serveTenantry } from './targets/tenantry.ts'

/** A directory sync over HTTP: users and their memberships, the first time and again. */
export const bulk: Benchmark = {
  name: 'bulk',
  about: 'POST /admin/v1/bulk: users and members that are created, and the same lines again',
  async run({ quick, say, rounds }) {
    const users = quick ? 2000 : 100_000
    const created: Round[] = []
    const unchanged: Round[] = []
    const cpu: number[] = []
    for (let index = 0; index < rounds; index++) {
      say(`round ${index + 1} of ${rounds}`)
      const folder = temporaryFolder()
      const key = await makeKey(join(folder.path, 'tenantry.db'))
      const server = await serveTenantry({ flags: ['--data', folder.path] })
      const body = directory(users)
      created.push(await send(server.port, key, body, 'created', 2 * users + 1))
      const before = cpuSeconds(server.pid)
      unchanged.push(await send(server.port, key, body, 'unchanged', 2 * users + 1))
      cpu.push(((cpuSeconds(server.pid) - before) / (2 * users + 1)) * 1e6)
      await server.stop()
      folder.remove()
    }
    return {
      benchmark: 'bulk',
      results: [
        summarize('lines that create', created, null),
        summarize('the same lines again', unchanged, null, {
          'microseconds of CPU a line': Math.round(Math.min(...cpu)),
        }),
      ],
      notes: [
        'One core for the server. Each line is a commit of its own; commits that come together share a flush of the disk.',
      ],
    }
  },
}

async function makeKey(path: string): Promise<string> {
  const tenantry = createTenantry({ store: { path }, secrets: [SECRET], origin: 'http://localhost:4040' })
  await tenantry.ready
  const { key } = await createAdminKey(tenantry.runtime, { name: 'bench', scopes: ['*'] })
  await tenantry.close()
  return key
}

function directory(users: number): string {
  const company = { type: 'company', company_id: 1, name: 'Bench', domain: 'bench' }
  const lines = Array.from({ length: users }, (_, index) => index + 1).flatMap(user_id => [
    { type: 'user', user_id, email: `user-${user_id}@bench.example`, name: `User ${user_id}` },
    { type: 'member', company_id: 1, user_id },
  ])
  return [company, ...lines].map(line => JSON.stringify(line)).join('\n')
}

/** Every line must be answered with the status: a directory that is sent again changes nothing. */
async function send(port: number, key: string, body: string, status: string, lines: number): Promise<Round> {
  const started = performance.now()
  const answer = await fetch(`http://127.0.0.1:${port}/admin/v1/bulk`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}` },
    body,
  })
  const results = (await answer.text()).trim().split('\n')
  const other = results.find(line => JSON.parse(line).status !== status)
  if (results.length !== lines || other) throw new Error(`${results.length} answers; ${other}`)
  return { perSecond: lines / ((performance.now() - started) / 1000), p50: null, p99: null }
}
