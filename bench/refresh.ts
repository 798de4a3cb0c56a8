import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makePostgresServer, type PostgresServer } from '../tests/support/postgres-server.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { type Benchmark, type Report, type Round, summarize } from './benchmark.ts'
import { runLoad } from './load/node-load.ts'
import type { RefresherResult, RefresherSettings } from './load/refresher.ts'
import { onCore } from './machine.ts'
import { listPeers } from './targets/peers.ts'
import { pathOf, type Target } from './targets/start.ts'
import { addGrants, makeStore, serveTenantry } from './targets/tenantry.ts'

const CLIENTS = [1, 64]

interface Way {
  name: string
  round(clients: number, seconds: number): Promise<Round>
}

/** How many grants are refreshed a second, each answered when it is on disk. */
export const refresh: Benchmark = {
  name: 'refresh',
  about: 'refresh_token grants with a durable commit, beside the rate of single commits and peers',
  async run(options) {
    const folder = temporaryFolder()
    const postgres = await makePostgresServer()
    try {
      const ways = await listWays(folder.path, postgres)
      const rounds = new Map<string, Round[]>()
      for (let index = 0; index < options.rounds; index++) {
        for (const way of ways) {
          for (const clients of way.name.startsWith('one row') ? [1] : CLIENTS) {
            const name = `${way.name}${way.name.startsWith('one row') ? '' : `, ${clients} ${clients === 1 ? 'client' : 'clients'}`}`
            options.say(`round ${index + 1} of ${options.rounds}: ${name}`)
            rounds.set(name, [...(rounds.get(name) ?? []), await way.round(clients, options.seconds)])
          }
        }
      }
      return report(rounds)
    } finally {
      postgres?.remove()
      folder.remove()
    }
  },
}

function report(rounds: Map<string, Round[]>): Report {
  const limit = summarize('', rounds.get('one row a commit, SQLite')!, null).per_second
  const results = [...rounds].map(([name, all]) => summarize(name, all, limit))
  const bars = results.map(({ name, per_second: value, spread }) => ({ name, value, spread }))
  return {
    benchmark: 'refresh',
    results,
    plots: [{ name: 'refresh', title: 'Refreshes, each on disk before its answer', unit: 'a second', bars }],
    notes: ['The limit is a loop that commits one row at a time to SQLite on the same disk, with the same settings.'],
  }
}

async function listWays(folder: string, postgres: PostgresServer | undefined): Promise<Way[]> {
  const store = await makeStore(['--data', join(folder, 'store')], folder, {
    tokens: 1000,
    grants: Math.max(...CLIENTS),
  })
  const ways: Way[] = [
    { name: 'one row a commit, SQLite', round: (_, seconds) => commitRows(join(folder, 'rows.db'), seconds) },
    tenantryWay('Tenantry, SQLite', store.flags, store, folder),
  ]
  if (postgres) {
    const flags = ['--database', postgres.url]
    spawnSync(process.execPath, [pathOf('../../packages/server/src/cli/main.ts'), 'migrate', ...flags])
    ways.push(
      { name: 'one row a commit, PostgreSQL (pgbench)', round: (_, seconds) => pgbench(postgres, folder, seconds) },
      tenantryWay('Tenantry, PostgreSQL', flags, await addGrants(flags, Math.max(...CLIENTS)), folder),
    )
  }
  const peers = listPeers({ folder, grants: Math.max(...CLIENTS), durable: true })
  return [
    ...ways,
    ...peers.map(({ name, start, refreshTokens }) => ({
      name,
      async round(clients: number, seconds: number) {
        const target = await start()
        const { token, clientId, clientSecret } = target.facts as Record<string, string>
        return load(target, {
          path: token!,
          clientId: clientId!,
          clientSecret: clientSecret!,
          tokens: refreshTokens,
          clients,
          seconds,
        })
      },
    })),
  ]
}

function tenantryWay(name: string, flags: string[], app: Awaited<ReturnType<typeof addGrants>>, folder: string): Way {
  const { clientId, clientSecret } = app
  let { refreshTokens } = app
  const tokens = join(folder, `refresh-${flags[0]}`)
  return {
    name,
    async round(clients, seconds) {
      const target = await serveTenantry({ flags })
      writeFileSync(tokens, refreshTokens.join('\n'))
      const settings = { path: '/oauth/token', clientId, clientSecret, tokens, clients, seconds }
      return load(target, settings, newest => {
        refreshTokens = newest
      })
    },
  }
}

async function load(
  target: Target,
  settings: Omit<RefresherSettings, 'port' | 'rate'>,
  keep: (refreshTokens: string[]) => void = () => {},
): Promise<Round> {
  try {
    const result = await runLoad<RefresherResult>('./refresher.ts', { ...settings, port: target.port, rate: 0 })
    keep(result.refreshTokens)
    return { perSecond: result.refreshes / result.seconds, p50: result.p50, p99: result.p99 }
  } finally {
    await target.stop()
  }
}

/** The rate of the engine itself. */
async function commitRows(path: string, seconds: number): Promise<Round> {
  const database = new DatabaseSync(path)
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY, t TEXT)',
  )
  const insert = database.prepare("INSERT INTO rows (t) VALUES ('a text of some length, as a token has')")
  const started = performance.now()
  let commits = 0
  for (; performance.now() < started + seconds * 1000; commits++) insert.run()
  const elapsed = performance.now() - started
  database.close()
  return { perSecond: commits / (elapsed / 1000), p50: elapsed / commits, p99: null }
}

async function pgbench(postgres: PostgresServer, folder: string, seconds: number): Promise<Round> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  await client.query('CREATE TABLE IF NOT EXISTS rows (n bigserial PRIMARY KEY, t text)')
  await client.end()
  const script = join(folder, 'insert.sql')
  writeFileSync(script, "INSERT INTO rows (t) VALUES ('a text of some length, as a token has');")
  const url = new URL(postgres.url)
  const args = [
    '-n',
    '-c',
    '1',
    '-T',
    String(seconds),
    '-f',
    script,
    '-h',
    url.hostname,
    '-p',
    url.port,
    '-U',
    url.username,
    'postgres',
  ]
  const [command = '', ...rest] = [...onCore('load'), 'pgbench', ...args]
  const { stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8' })
  const rate = /tps = ([\d.]+)/.exec(stdout)?.[1]
  if (rate === undefined) throw new Error(`pgbench: ${stderr}`)
  return { perSecond: Number(rate), p50: null, p99: null }
}
