import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makePostgresServer } from '../tests/support/postgres-server.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import {
  type Benchmark,
  type BenchmarkOptions,
  type Report,
  type Result,
  type Round,
  round,
  summarize,
} from './benchmark.ts'
import { runLoad } from './load/node-load.ts'
import type { RefresherResult, RefresherSettings } from './load/refresher.ts'
import type { SteadyResult } from './load/steady.ts'
import { CONNECTIONS, type Endpoint, loadFully, TENANTRY_ANSWER } from './load/wrk.ts'
import { findBun, listPeers } from './targets/peers.ts'
import { startBare, type Target } from './targets/start.ts'
import { makeStore, type Store, serveTenantry, someOf } from './targets/tenantry.ts'

const REFRESHES = 200
const GRANTS = 400
const IN_USE = 10_000

/** A way to answer "who is this token for", how it is started, and what it is asked. */
interface Way {
  name: string
  start(): Promise<Target>
  endpoint(target: Target): Endpoint
  /** Whether an answer may take more than two seconds: of peers. */
  mayTimeOut?: boolean
  /** Commits meanwhile. */
  beside?(target: Target, seconds: number): Promise<unknown>
}

export const usersMe: Benchmark = {
  name: 'users-me',
  about: 'GET /users/me beside a bare server, and the same question to peers',
  async run(options) {
    const folder = temporaryFolder()
    const postgres = await makePostgresServer()
    if (!postgres) options.say('PostgreSQL 15 or newer is not installed: left out')
    try {
      return await measure(options, folder.path, postgres?.url)
    } finally {
      postgres?.remove()
      folder.remove()
    }
  },
}

async function measure(options: BenchmarkOptions, folder: string, postgresUrl: string | undefined): Promise<Report> {
  const tokens = options.quick ? 50_000 : 1_000_000
  const fill = (flags: string[]) => {
    options.say(`filling a database with ${tokens.toLocaleString('en')} tokens (${flags[0]})`)
    return makeStore(flags, folder, { tokens, grants: GRANTS })
  }
  const store = await fill(['--data', join(folder, 'store')])
  const onPostgres = postgresUrl === undefined ? undefined : await fill(['--database', postgresUrl])
  const ways = listWays({ store, onPostgres, tokens, folder, quick: options.quick, body: await answerOf(store) })
  const rounds = new Map<string, Round[]>(ways.map(({ name }) => [name, []]))
  for (let index = 0; index < options.rounds; index++) {
    for (const way of ways) {
      options.say(`round ${index + 1} of ${options.rounds}: ${way.name}`)
      rounds.get(way.name)!.push(await measureOnce(way, options.seconds))
    }
  }
  const limit = summarize('', rounds.get(ways[0]!.name)!, null).per_second
  const results: Result[] = []
  for (const way of ways) {
    const result = summarize(way.name, rounds.get(way.name)!, limit)
    options.say(`at 60 % of its own rate: ${way.name}`)
    results.push({ ...result, more: await measureSteadily(way, 0.6 * result.per_second, options.seconds) })
  }
  const bars = results.map(({ name, per_second: value, spread }) => ({ name, value, spread }))
  return {
    benchmark: 'users-me',
    results,
    plots: [{ name: 'users-me', title: 'GET /users/me, one core', unit: 'answers a second', bars }],
    notes: [
      'The limit answers the same bytes whatever is asked. wrk checks every answer, on a core of its own; with two workers it shares it.',
      'PostgreSQL is a program of its own, and runs on whichever core is free.',
    ],
  }
}

function listWays(of: {
  store: Store
  onPostgres: Store | undefined
  tokens: number
  folder: string
  quick: boolean
  body: string
}): Way[] {
  const { store, onPostgres, tokens, folder, quick, body } = of
  const all = store.tokens
  const some = someOf(all, Math.min(IN_USE, tokens))
  const millions = `${(tokens / 1e6).toLocaleString('en')}M at random`
  const tenantry = (name: string, sample: string, more: Partial<Way> = {}, options = {}): Way => ({
    name: `Tenantry, ${name}`,
    start: () => serveTenantry(store, options),
    endpoint: ({ port }) => ({ port, tokens: sample, ...TENANTRY_ANSWER }),
    ...more,
  })
  const beside = (target: Target, seconds: number) => refreshBeside(store, target, seconds, folder)
  const bun = findBun()
  return [
    {
      name: 'bare node:http',
      start: () => startBare(body),
      endpoint: ({ port }) => ({ port, path: '/users/me', tokens: some, holds: '"success":true' }),
    },
    tenantry('10k in use', some),
    tenantry(millions, all),
    tenantry(`10k in use, ${REFRESHES} refreshes a second`, some, { beside }),
    tenantry(`${millions}, ${REFRESHES} refreshes a second`, all, { beside }),
    tenantry('10k in use, with the request log', some, {}, { log: true }),
    tenantry('10k in use, two workers', some, {}, { workers: 2 }),
    ...(onPostgres
      ? [
          tenantry('10k in use, on PostgreSQL', someOf(onPostgres.tokens, Math.min(IN_USE, tokens)), {
            start: () => serveTenantry(onPostgres),
          }),
          tenantry(`${millions}, on PostgreSQL`, onPostgres.tokens, { start: () => serveTenantry(onPostgres) }),
        ]
      : []),
    ...(bun
      ? [
          tenantry('10k in use, on Bun', some, {}, { program: bun }),
          tenantry(`${millions}, on Bun`, all, {}, { program: bun }),
        ]
      : []),
    ...listPeers({ folder, grants: quick ? 500 : IN_USE, durable: false }).map(
      ({ name, start, accessTokens }): Way => ({
        name,
        mayTimeOut: true,
        start,
        endpoint: ({ port, facts }) => ({
          port,
          path: String(facts.userinfo),
          tokens: accessTokens,
          holds: '"name":"User ',
        }),
      }),
    ),
  ]
}

/** What Tenantry answers, for the bare server to answer as well. */
async function answerOf(store: Store): Promise<string> {
  const server = await serveTenantry(store)
  const [token] = readFileSync(store.tokens, 'utf8').split('\n', 1)
  const answer = await fetch(`http://127.0.0.1:${server.port}/users/me`, {
    headers: { Authorization: `Bearer ${token}` },
  })
  const body = await answer.text()
  await server.stop()
  if (answer.status !== 200) throw new Error(`/users/me answered ${answer.status}: ${body}`)
  return body
}

async function measureOnce(way: Way, seconds: number): Promise<Round> {
  const target = await way.start()
  try {
    // The first seconds are for warming up, of what is done beside as well.
    const load = (each: number) => loadFully(way.endpoint(target), each, way)
    await Promise.all([load(2), way.beside?.(target, 2)])
    const [result] = await Promise.all([load(seconds), way.beside?.(target, seconds)])
    return result
  } finally {
    await target.stop()
  }
}

async function measureSteadily(way: Way, rate: number, seconds: number): Promise<Result['more']> {
  const target = await way.start()
  try {
    await Promise.all([loadFully(way.endpoint(target), 2, way), way.beside?.(target, 2)])
    const settings = { ...way.endpoint(target), rate, seconds, connections: CONNECTIONS }
    const [{ p50, p99, p999 }] = await Promise.all([
      runLoad<SteadyResult>('./steady.ts', settings),
      way.beside?.(target, seconds),
    ])
    return { 'p50 at 60 %': round(p50, 2), 'p99 at 60 %': round(p99, 2), 'p99.9 at 60 %': round(p999, 2) }
  } finally {
    await target.stop()
  }
}

async function refreshBeside(store: Store, { port }: Target, seconds: number, folder: string) {
  const settings: RefresherSettings = {
    port,
    seconds,
    path: '/oauth/token',
    rate: REFRESHES,
    clients: GRANTS,
    clientId: store.clientId,
    clientSecret: store.clientSecret,
    tokens: join(folder, 'refresh-tokens'),
  }
  writeFileSync(settings.tokens, store.refreshTokens.join('\n'))
  const { refreshes, refreshTokens } = await runLoad<RefresherResult>('./refresher.ts', settings)
  store.refreshTokens = refreshTokens
  if (refreshes < 0.8 * REFRESHES * seconds) throw new Error(`only ${refreshes} refreshes in ${seconds} seconds`)
}
