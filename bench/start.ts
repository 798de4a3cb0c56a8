import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lastingPort, temporaryFolder } from '../tests/support/sandbox-process.ts'
import { type Benchmark, median, type Result, round } from './benchmark.ts'
import { pathOf } from './targets/start.ts'
import { makeStore, SECRET, type Store } from './targets/tenantry.ts'

const BUILT = pathOf('../../packages/server/dist/cli/main.js')

/** How soon it answers, and what it takes at rest. */
export const start: Benchmark = {
  name: 'start',
  about: 'from exec to the first right answer, and memory at rest',
  async run({ rounds, say }) {
    const folder = temporaryFolder()
    const store = await makeStore(['--data', join(folder.path, 'store')], folder.path, { tokens: 1000, grants: 1 })
    const ways = [
      ...(existsSync(BUILT) ? [{ name: 'as published (npm run build)', main: BUILT }] : []),
      { name: 'from sources', main: pathOf('../../packages/server/src/cli/main.ts') },
    ]
    const results: Result[] = []
    for (const { name, main } of ways) {
      const runs = []
      // The first run fills the compile cache.
      await measure(main, store)
      for (let index = 0; index < rounds; index++) {
        say(`round ${index + 1} of ${rounds}: ${name}`)
        runs.push(await measure(main, store))
      }
      const times = runs.map(({ milliseconds }) => milliseconds)
      results.push({
        name,
        per_second: round(1000 / median(times), 2),
        p50_ms: Math.round(median(times)),
        p99_ms: Math.round(Math.max(...times)),
        ratio_to_limit: null,
        spread: [round(1000 / Math.max(...times), 2), round(1000 / Math.min(...times), 2)],
        more: {
          'memory at rest, MB': Math.round(median(runs.map(run => run.resident))),
          'of it its own, MB': Math.round(median(runs.map(run => run.own))),
        },
      })
    }
    folder.remove()
    return { benchmark: 'start', results, notes: ['p50 is the median of the starts, p99 the slowest.'] }
  },
}

async function measure(main: string, store: Store) {
  const [token = ''] = readFileSync(store.tokens, 'utf8').split('\n', 1)
  const port = await lastingPort()
  const started = performance.now()
  const child = spawn(process.execPath, [main, 'serve', '--port', port, ...store.flags], {
    env: {
      ...process.env,
      TENANTRY_ORIGIN: 'http://localhost:4040',
      TENANTRY_MODE: 'development',
      TENANTRY_SECRETS: SECRET,
    },
    stdio: 'ignore',
  })
  const ended = new Promise(resolve => child.once('close', resolve))
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/users/me`, {
      headers: { Authorization: `Bearer ${token}` },
    }).catch(() => undefined)
    if (answer?.status === 200) break
    await sleep(2)
  }
  const milliseconds = performance.now() - started
  // Some seconds of rest, after which it gives memory back.
  await sleep(5000)
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024
  const memory = { resident: read('VmRSS'), own: read('RssAnon') }
  child.kill('SIGTERM')
  await ended
  return { milliseconds, ...memory }
}
