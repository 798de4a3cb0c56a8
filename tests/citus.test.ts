import { setTimeout as sleep } from 'node:timers/promises'
import { addMember, createCompany, createTenantry, createUser, type Tenantry } from 'tenantry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { distributeDatabase, migrateDatabase } from '../packages/server/src/store/postgres/postgres-store.ts'
import { type CitusCluster, hasCitus, startCitusCluster } from './support/citus-cluster.ts'
import { Client, type TokenAnswer } from './support/client.ts'
import { makePostgresServer } from './support/postgres-server.ts'
import { BOND, CALLBACK, SECRET, startProvider, type TestProvider } from './support/provider.ts'
import { runCommand } from './support/sandbox-process.ts'

const COMPANIES = 40
const SECOND = 1000

/** What a company's requests were answered while something was wrong. */
interface Tally {
  statuses: Map<number, number>
  wrong: string[]
}

describe.skipIf(!hasCitus())('a Citus cluster', () => {
  let cluster: CitusCluster
  let provider: TestProvider
  let client: Client
  /** By company. */
  const tokens = new Map<number, TokenAnswer>()

  beforeAll(async () => {
    // Fewer pieces than usual, so that moving them does not take long.
    cluster = await startCitusCluster(2, ['citus.shard_count=8'])
    await distributeDatabase(cluster.url)
    provider = await startProvider({ store: { url: cluster.url }, clock: Date.now })
    client = await provider.registerApp()
    for (let companyId = 100; companyId < 100 + COMPANIES; companyId++) {
      await createCompany(provider.runtime, { companyId, name: `Company ${companyId}`, domain: `company-${companyId}` })
      await addMember(provider.runtime, { companyId, userId: BOND })
      tokens.set(companyId, await client.tokens(await provider.person().code(client, { company: companyId })))
    }
  })
  afterAll(async () => {
    await provider?.close()
    cluster?.remove()
  })

  /** Every company reads and refreshes all the while. */
  function load() {
    const tally: Tally = { statuses: new Map(), wrong: [] }
    let running = true
    const count = async (call: () => Promise<Response>) => {
      const answer = await call()
      tally.statuses.set(answer.status, (tally.statuses.get(answer.status) ?? 0) + 1)
      const isAdvice = answer.status === 503 && answer.headers.get('Retry-After') !== null
      if (answer.status !== 200 && !isAdvice) tally.wrong.push(`${answer.status} ${await answer.clone().text()}`)
      return answer
    }
    const work = [...tokens.keys()].map(async companyId => {
      for (let turn = 0; running; turn++) {
        const held = tokens.get(companyId)!
        if (turn % 5 === 0) {
          const answer = await count(() => client.refresh(held.refresh_token))
          if (answer.status === 200) tokens.set(companyId, (await answer.json()) as TokenAnswer)
        } else await count(() => client.me(held.access_token))
        await sleep(20)
      }
    })
    return {
      tally,
      async stop() {
        running = false
        await Promise.all(work)
      },
    }
  }

  /** The ports of the machines on which these companies are. */
  const machines = async () => {
    const ports = new Map<number, number>()
    for (const companyId of tokens.keys()) {
      const [row] = await cluster.query(
        `SELECT nodeport FROM citus_shards WHERE table_name = 'companies'::regclass
          AND shardid = get_shard_id_for_distribution_column('companies', ${companyId})`,
      )
      ports.set(companyId, Number(row!.nodeport))
    }
    return ports
  }

  it('a Citus cluster spreads companies over the machines', async () => {
    expect(new Set((await machines()).values()).size).toBe(2)
  })

  it('a machine that is killed takes its own companies with it alone, and they are back when it is', async () => {
    const { tally, stop } = load()
    await sleep(SECOND)
    const [worker] = cluster.workers
    worker!.stop('immediate')
    await sleep(3 * SECOND)
    const ports = await machines()
    const elsewhere = [...ports].find(([, port]) => port !== worker!.port)![0]
    const there = [...ports].find(([, port]) => port === worker!.port)![0]
    expect((await client.me(tokens.get(elsewhere)!.access_token)).status).toBe(200)
    expect((await client.me(tokens.get(there)!.access_token)).status).toBe(503)
    worker!.start()
    await expect.poll(async () => (await client.me(tokens.get(there)!.access_token)).status).toBe(200)
    await sleep(SECOND)
    await stop()
    expect(tally.wrong).toEqual([])
    expect(tally.statuses.get(503)).toBeGreaterThan(0)
    for (const [companyId, { access_token }] of tokens) {
      expect({ companyId, status: (await client.me(access_token)).status }).toEqual({ companyId, status: 200 })
    }
    console.log(`a worker killed and back: ${JSON.stringify(Object.fromEntries(tally.statuses))}`)
  })

  it('a machine that is added gets its share while everything goes on', { timeout: 300_000 }, async () => {
    const { tally, stop } = load()
    const started = performance.now()
    const added = await cluster.addWorker()
    await cluster.query('SELECT citus_rebalance_start()')
    await cluster.query('SELECT citus_rebalance_wait()')
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    await sleep(SECOND)
    await stop()
    const ports = [...(await machines()).values()]
    expect(new Set(ports).size).toBe(3)
    expect(tally.wrong).toEqual([])
    const moved = ports.filter(port => port === added.port).length
    for (const [companyId, { access_token, refresh_token }] of tokens) {
      expect({ companyId, status: (await client.me(access_token)).status }).toEqual({ companyId, status: 200 })
      expect((await client.refresh(refresh_token)).status).toBe(200)
    }
    console.log(
      `rebalanced onto a third worker in ${seconds} s, ${moved} of ${COMPANIES} companies moved: ${JSON.stringify(Object.fromEntries(tally.statuses))}`,
    )
  })

  it('rows from before the distribution are distributed too', async () => {
    const other = await startCitusCluster(1)
    const before: Tenantry = createTenantry({
      store: { url: other.url },
      secrets: [SECRET],
      origin: 'http://localhost:4040',
    })
    await before.ready
    await createCompany(before.runtime, { companyId: 1, name: 'MI6', domain: 'mi6' })
    await createUser(before.runtime, { userId: 7, email: 'bond@mi6.example', name: 'Bond' })
    await addMember(before.runtime, { companyId: 1, userId: 7 })
    await before.close()
    const distribute = () => runCommand(['migrate', '--distribute', '--json', '--database', other.url])
    expect(JSON.parse((await distribute()).stdout)).toMatchObject({
      applied: [],
      distributed: expect.arrayContaining(['companies']),
    })
    expect(JSON.parse((await distribute()).stdout)).toMatchObject({ applied: [], distributed: [] })
    expect(await other.query('SELECT name FROM memberships')).toEqual([{ name: 'Bond' }])
    // The rows lie on the worker, and no longer on the coordinator.
    expect(await other.query("SELECT pg_relation_size('memberships'::regclass)::int AS bytes")).toEqual([{ bytes: 0 }])
    const constraints = await other.query("SELECT count(*)::int AS n FROM pg_constraint WHERE contype = 'f'")
    expect(constraints[0]!.n).toBeGreaterThanOrEqual(8)
    other.remove()
  })

  it('a distribution that is not possible is refused, and nothing is changed', async () => {
    const distribute = async (url: string) => {
      const { code, stderr } = await runCommand(['migrate', '--distribute', '--database', url])
      expect(code).toBe(1)
      return stderr
    }
    const plain = (await makePostgresServer())!
    expect(await distribute(plain.url)).toContain('has no Citus')
    plain.remove()
    expect(await distribute(cluster.workers[0]!.url)).toContain('is a worker of a Citus cluster')
    const alone = await startCitusCluster(0)
    expect(await distribute(alone.url)).toContain('has no workers yet')
    await alone.addWorker()
    await migrateDatabase(alone.url)
    await alone.query("SELECT create_reference_table('attempt_limits')")
    expect(await distribute(alone.url)).toContain('The table attempt_limits is distributed by reference already')
    expect(await alone.query("SELECT 1 FROM citus_tables WHERE table_name = 'companies'::regclass")).toEqual([])
    alone.remove()
    const { stderr } = await runCommand(['migrate', '--distribute'])
    expect(stderr).toContain('Only PostgreSQL with Citus can be distributed')
  })

  it('an app works from end to end on a Citus cluster', async () => {
    const app = new Client(provider.fetch, client.id, client.secret, CALLBACK)
    const again = await app.tokens(await provider.person().code(app, { company: 1 }))
    expect((await app.me(again.access_token)).status).toBe(200)
    await app.revoke(again.refresh_token)
    expect((await app.me(again.access_token)).status).toBe(401)
  })
})
