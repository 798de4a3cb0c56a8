import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { type Benchmark, median, type Round, round, summarize } from './benchmark.ts'
import { type Endpoint, loadFully, TENANTRY_ANSWER } from './load/wrk.ts'
import { cpuSeconds } from './machine.ts'
import { listProxies } from './targets/proxies.ts'
import { type CertificateFiles, startBare, type Target } from './targets/start.ts'
import { makeStore, serveTenantry, someOf } from './targets/tenantry.ts'

/** A way to reach a server. */
interface Way {
  name: string
  /** Starts what stands before a server, and gives the port to ask. */
  reach(server: Target): Promise<number>
  otherEvery: number
  /** What is asked, where it is not the first server and the first bare one. */
  servers?: readonly [Target, Target]
}

/** Connections as production has them: with other requests in between, and those that a proxy keeps open. */
export const mixed: Benchmark = {
  name: 'mixed',
  about: 'GET /users/me on connections that carry other requests too, and behind reverse proxies',
  async run({ quick, seconds, rounds, say }) {
    const folder = temporaryFolder()
    const running: Target[] = []
    try {
      say('filling a database')
      const store = await makeStore(['--data', join(folder.path, 'store')], folder.path, { tokens: 50_000, grants: 1 })
      const tokens = someOf(store.tokens, 10_000)
      const server = await serveTenantry(store)
      running.push(server)
      const bare = await startBare(await answerOf(server, tokens))
      running.push(bare)
      const proxied = async (start: (upstream: number, folder: string) => Promise<Target>, upstream: number) => {
        const proxy = await start(upstream, folder.path)
        running.push(proxy)
        return proxy.port
      }
      const directly = async ({ port }: Target) => port
      const ways: Way[] = [
        { name: 'nothing else', reach: directly, otherEvery: 0 },
        { name: 'one other in 100', reach: directly, otherEvery: 100 },
        { name: 'one other in 10', reach: directly, otherEvery: 10 },
        ...listProxies().map(({ name, start }) => ({
          name: `behind ${name}, one other in 100`,
          reach: ({ port }: Target) => proxied(start, port),
          otherEvery: 100,
        })),
      ]
      const measured: { way: Way; rounds: Round[]; costs: number[]; ratios: number[]; ask(): Promise<void> }[] = []
      const certificate = makeCertificate(folder.path)
      if (certificate) {
        const body = await answerOf(server, tokens)
        const overTls = [await serveTenantry(store, { certificate }), await startBare(body, certificate)] as const
        running.push(...overTls)
        ways.push({ name: 'over TLS, one other in 100', reach: directly, otherEvery: 100, servers: overTls })
      }
      for (const way of ways) {
        const { otherEvery, servers: [asked, beside] = [server, bare] } = way
        const tls = way.servers !== undefined
        const [ours, least] = [await way.reach(asked), await way.reach(beside)]
        const one = { way, rounds: [] as Round[], costs: [] as number[], ratios: [] as number[] }
        const ask = async () => {
          const limit: Endpoint = { path: '/users/me', holds: TENANTRY_ANSWER.holds, tokens, port: least, tls }
          const ofBare = await cost(beside, limit, seconds)
          const ofServer = await cost(asked, { ...TENANTRY_ANSWER, tokens, port: ours, otherEvery, tls }, seconds)
          one.rounds.push(ofServer.round)
          one.costs.push(ofServer.microseconds)
          one.ratios.push(ofBare.microseconds / ofServer.microseconds)
        }
        measured.push({ ...one, ask })
      }
      for (let index = 0; index < (quick ? 1 : rounds); index++) {
        for (const { way, ask } of measured) {
          say(`round ${index + 1} of ${rounds}: ${way.name}`)
          await ask()
        }
      }
      const pure = median(measured[0]!.ratios)
      return {
        benchmark: 'mixed',
        results: measured.map(({ way, rounds: done, costs, ratios }) =>
          summarize(way.name, done, null, {
            'microseconds of CPU': round(median(costs), 1),
            'of bare there': round(median(ratios), 2),
            'of the pure figure': round(median(ratios) / pure, 2),
          }),
        ),
        notes: [
          'The processor time is the server’s own, and bare node:http has the same in front of it. Behind a proxy the rate is the',
          'proxy’s, which shares a core with the load generator; the fewer requests come at once, the more each takes.',
        ],
      }
    } finally {
      for (const target of running.reverse()) await target.stop()
      folder.remove()
    }
  },
}

/** By OpenSSL, where it is installed. */
function makeCertificate(folder: string): CertificateFiles | undefined {
  const [cert, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const args = ['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=localhost', '-keyout', key, '-out', cert]
  return spawnSync('openssl', args).status === 0 ? { cert, key } : undefined
}

async function cost({ pid }: Target, endpoint: Endpoint, seconds: number) {
  await loadFully(endpoint, 1)
  const before = cpuSeconds(pid)
  const result = await loadFully(endpoint, seconds)
  return { round: result, microseconds: ((cpuSeconds(pid) - before) / (result.perSecond * seconds)) * 1e6 }
}

async function answerOf({ port }: Target, tokens: string): Promise<string> {
  const [token] = readFileSync(tokens, 'utf8').split('\n', 1)
  const answer = await fetch(`http://127.0.0.1:${port}/users/me`, { headers: { Authorization: `Bearer ${token}` } })
  return answer.text()
}
