import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { type Benchmark, type BenchmarkOptions, type Result, round, summarize } from './benchmark.ts'
import { runLoad } from './load/node-load.ts'
import type { PeopleResult, PeopleSettings } from './load/people.ts'
import type { RefresherResult, RefresherSettings } from './load/refresher.ts'
import type { SteadyResult } from './load/steady.ts'
import { CONNECTIONS, TENANTRY_ANSWER } from './load/wrk.ts'
import type { Target } from './targets/start.ts'
import { makeStore, PASSWORD, type ServeOptions, type Store, serveTenantry } from './targets/tenantry.ts'

const RATE = 2000
const SIGN_INS = 50
const REFRESHES = 200
const GRANTS = 400
/** Milliseconds that a disk takes for an fsync, as a slow one does. */
const SLOW = 10
/** Holds up the one call and stops for no other. */
const SLOW_DISK = [
  'strace',
  '-D',
  '-f',
  '--seccomp-bpf',
  '-o',
  '/dev/null',
  '-e',
  'trace=fsync,fdatasync',
  '-e',
  `inject=fsync,fdatasync:delay_exit=${SLOW * 1000}`,
]

interface Case {
  name: string
  options?: ServeOptions
  beside?(target: Target, seconds: number): Promise<string>
}

/** Whether reading waits for what is slow: password hashes and commits. */
export const writes: Benchmark = {
  name: 'writes',
  about: `p99 of GET /users/me at ${RATE} a second while people sign in and apps refresh`,
  async run(options) {
    const folder = temporaryFolder()
    try {
      const store = await makeStore(['--data', join(folder.path, 'store')], folder.path, {
        tokens: 10_000,
        grants: GRANTS,
      })
      return { benchmark: 'writes', results: await measure(listCases(store, folder.path), store, options), notes }
    } finally {
      folder.remove()
    }
  },
}

const notes = [
  `All at ${RATE} requests a second, on whichever core is free; the ratio is of the p99 without anything beside to this one.`,
]

async function measure(
  cases: readonly Case[],
  store: Store,
  { rounds, seconds, say }: BenchmarkOptions,
): Promise<Result[]> {
  const results: Result[] = []
  for (const { name, options = {}, beside } of cases) {
    const runs: SteadyResult[] = []
    let did = '-'
    for (let index = 0; index < rounds; index++) {
      say(`round ${index + 1} of ${rounds}: ${name}`)
      const target = await serveTenantry(store, { ...options, anyCore: true })
      const endpoint = { port: target.port, tokens: store.tokens, ...TENANTRY_ANSWER }
      const settings = { ...endpoint, rate: RATE, seconds, connections: CONNECTIONS }
      await runLoad<SteadyResult>('./steady.ts', { ...settings, seconds: 1 })
      const [steady, said] = await Promise.all([
        runLoad<SteadyResult>('./steady.ts', settings),
        beside?.(target, seconds),
      ])
      runs.push(steady)
      did = said ?? did
      await target.stop()
    }
    const result = summarize(
      name,
      runs.map(({ perSecond, p50, p99 }) => ({ perSecond, p50, p99 })),
      null,
    )
    const alone = results[0]?.p99_ms ?? result.p99_ms!
    results.push({ ...result, ratio_to_limit: round(alone / result.p99_ms!, 3), more: { beside: did } })
  }
  return results
}

function listCases(store: Store, folder: string): Case[] {
  const { clientId, clientSecret, people } = store
  const refreshing = async ({ port }: Target, seconds: number) => {
    const tokens = join(folder, 'refresh-tokens')
    writeFileSync(tokens, store.refreshTokens.join('\n'))
    const settings: RefresherSettings = {
      port,
      path: '/oauth/token',
      clientId,
      clientSecret,
      tokens,
      clients: GRANTS,
      seconds,
      rate: REFRESHES,
    }
    const result = await runLoad<RefresherResult>('./refresher.ts', settings)
    store.refreshTokens = result.refreshTokens
    return `${Math.round(result.refreshes / result.seconds)} refreshes a second, p50 ${round(result.p50, 1)} ms`
  }
  const signingIn = async ({ port }: Target, seconds: number) => {
    const settings: PeopleSettings = {
      port,
      origin: 'http://localhost:4040',
      seconds,
      people,
      password: PASSWORD,
      clientId,
      clientSecret,
      signInsPerSecond: SIGN_INS,
    }
    const result = await runLoad<PeopleResult>('./people.ts', settings)
    return `${Math.round(result.done / result.seconds)} sign-ins a second, p50 ${Math.round(result.p50)} ms, ${result.refused} told to come back`
  }
  return [
    { name: 'nothing beside' },
    { name: `${SIGN_INS} people a second sign in`, beside: signingIn },
    { name: `${REFRESHES} refreshes a second`, beside: refreshing },
    ...(spawnSync('strace', ['-V']).error
      ? []
      : [
          {
            name: `${REFRESHES} refreshes a second, each fsync of ${SLOW} ms`,
            beside: refreshing,
            options: { wrap: SLOW_DISK },
          },
        ]),
  ]
}
