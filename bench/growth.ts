import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { type Benchmark, type Result, round, summarize } from './benchmark.ts'
import { runLoad } from './load/node-load.ts'
import type { SteadyResult } from './load/steady.ts'
import { CONNECTIONS, loadFully, TENANTRY_ANSWER } from './load/wrk.ts'
import { makeStore, serveTenantry } from './targets/tenantry.ts'

const RATE = 2000

/** What a database a hundred or a thousand times larger costs. */
export const growth: Benchmark = {
  name: 'growth',
  about: '10 thousand to 10 million tokens: GET /users/me, bytes on disk, memory',
  async run({ rounds, seconds, quick, say }) {
    const sizes = quick ? [10_000, 100_000] : [10_000, 100_000, 1_000_000, 10_000_000]
    const results: Result[] = []
    for (const tokens of sizes) {
      const folder = temporaryFolder()
      say(`${tokens.toLocaleString('en')} tokens`)
      const data = join(folder.path, 'store')
      const store = await makeStore(['--data', data], folder.path, { tokens, grants: 1 })
      const target = await serveTenantry(store)
      const endpoint = { port: target.port, tokens: store.tokens, ...TENANTRY_ANSWER }
      // Until what is asked for most has been read from the disk once.
      await loadFully(endpoint, 3 * seconds)
      const full = []
      const steady: SteadyResult[] = []
      for (let index = 0; index < rounds; index++) {
        full.push(await loadFully(endpoint, seconds))
        const settings = { ...endpoint, rate: RATE, seconds, connections: CONNECTIONS }
        steady.push(await runLoad<SteadyResult>('./steady.ts', settings))
      }
      const status = readFileSync(`/proc/${target.pid}/status`, 'utf8')
      const own = Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) / 1024
      await target.stop()
      const bytes = statSync(join(data, 'tenantry.db')).size / tokens
      const result = summarize(`${tokens.toLocaleString('en')} tokens`, full, results[0]?.per_second ?? null)
      const middle = (pick: (one: SteadyResult) => number) =>
        round(steady.map(pick).sort((a, b) => a - b)[Math.floor(steady.length / 2)]!, 3)
      results.push({
        ...result,
        ratio_to_limit: result.ratio_to_limit ?? 1,
        p50_ms: middle(({ p50 }) => p50),
        p99_ms: middle(({ p99 }) => p99),
        more: {
          'bytes a token, with its refresh token and all else': Math.round(bytes),
          'own memory, MB': Math.round(own),
        },
      })
      rmSync(store.tokens)
      folder.remove()
    }
    const bars = results.map(({ name, p50_ms }) => ({ name, value: p50_ms! }))
    return {
      benchmark: 'growth',
      results,
      plots: [
        {
          name: 'growth',
          title: `GET /users/me at ${RATE} a second, tokens drawn at random`,
          unit: 'median in milliseconds',
          bars,
        },
      ],
      notes: [
        `The ratio is to the smallest. Latencies are at ${RATE} requests a second; a database is as many tokens as it has.`,
      ],
    }
  },
}
