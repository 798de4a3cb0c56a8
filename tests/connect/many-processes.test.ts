import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { LinkStore } from '@tenantry/connect'
import { postgresStore } from '@tenantry/connect/postgres'
import { sqliteStore } from '@tenantry/connect/sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { APP_CALLBACK, AT_MI6, BOND, createTestApp, KEY } from '../support/kit.ts'
import { makeDatabase, postgresUrl } from '../support/postgres.ts'
import { REPOSITORY, temporaryFolder } from '../support/sandbox-process.ts'
import { type ServedProvider, serveTestProvider } from '../support/served-provider.ts'
import type { Round, RoundResult, WorkerOptions } from './token-worker.ts'

const PROCESSES = 8
const TASKS = 50
const ROUNDS = 20
const HOUR = 3_600_000

interface Home {
  address: string
  store: LinkStore
  remove(): Promise<void>
}

const homes: [string, boolean, () => Promise<Home>][] = [
  [
    'SQLite',
    true,
    async () => {
      const folder = temporaryFolder()
      const address = join(folder.path, 'links.db')
      const store = sqliteStore(address)
      const remove = async () => {
        store.close()
        folder.remove()
      }
      return { address, store, remove }
    },
  ],
  [
    'PostgreSQL',
    postgresUrl !== undefined,
    async () => {
      const database = await makeDatabase()
      const store = postgresStore(database.url)
      await store.createTables()
      const remove = async () => {
        await store.close()
        await database.remove()
      }
      return { address: database.url, store, remove }
    },
  ],
]

describe.each(homes)('many processes on %s', (_, isThere, open) => {
  let home: Home
  let provider: ServedProvider
  const workers: ChildProcess[] = []

  beforeEach(async () => {
    if (!isThere) return
    home = await open()
    provider = await serveTestProvider({ redirectUri: APP_CALLBACK })
    const { connect } = createTestApp(provider, { store: home.store })
    expect((await provider.install(connect, { ...BOND, company: 1 })).status).toBe(303)
  })
  afterEach(async () => {
    for (const worker of workers.splice(0)) {
      if (worker.exitCode !== null || worker.signalCode !== null) continue
      worker.kill('SIGKILL')
      await once(worker, 'exit')
    }
    await provider?.close()
    await home?.remove()
  })

  async function startWorker(hangsBeforeWriting = false): Promise<ChildProcess> {
    const { clientId, clientSecret } = provider.options
    const options: WorkerOptions = {
      clientId,
      clientSecret,
      hangsBeforeWriting,
      store: home.address,
      issuer: provider.origin,
      redirectUri: APP_CALLBACK,
      encryptionKey: KEY,
    }
    const worker = fork(join(REPOSITORY, 'tests/connect/token-worker.ts'), [JSON.stringify(options)], {
      execArgv: ['--conditions=@tenantry/source'],
    })
    workers.push(worker)
    await once(worker, 'message')
    return worker
  }

  async function ask(worker: ChildProcess, tasks = TASKS): Promise<RoundResult> {
    const round: Round = { now: provider.now(), tasks }
    const answer = once(worker, 'message')
    worker.send(round)
    const [result] = await answer
    return result as RoundResult
  }

  it.runIf(isThere)(
    `refresh once a round: ${PROCESSES} processes, ${TASKS} tasks each, ${ROUNDS} rounds, no errors`,
    { timeout: 180_000 },
    async () => {
      const all = await Promise.all(Array.from({ length: PROCESSES }, () => startWorker()))
      const seen = new Set<string>()
      for (let round = 1; round <= ROUNDS; round++) {
        provider.pass(HOUR)
        const before = provider.tokenRequests()
        const results = await Promise.all(all.map(worker => ask(worker)))
        const tokens = new Set(results.flatMap(result => result.tokens))
        expect({ round, errors: results.flatMap(result => result.errors) }).toEqual({ round, errors: [] })
        expect({ round, tokens: tokens.size, refreshes: provider.tokenRequests() - before }).toEqual({
          round,
          tokens: 1,
          refreshes: 1,
        })
        for (const token of tokens) seen.add(token)
      }
      expect(seen.size).toBe(ROUNDS)
    },
  )

  it.runIf(isThere)('recovers without the user when a process is killed between the answer and the write', async () => {
    const doomed = await startWorker(true)
    provider.pass(HOUR)
    const before = provider.tokenRequests()
    const round: Round = { now: provider.now(), tasks: 5 }
    const answered = once(doomed, 'message')
    doomed.send(round)
    expect((await answered)[0]).toBe('answered')
    doomed.kill('SIGKILL')
    await once(doomed, 'exit')
    expect(provider.tokenRequests() - before).toBe(1)

    const next = await startWorker()
    const result = await ask(next, 5)
    expect(result.errors).toEqual([])
    expect(result.tokens.length).toBe(1)
    const answer = await provider.options.fetch(`${provider.origin}/users/me`, {
      headers: { Authorization: `Bearer ${result.tokens[0]}` },
    })
    expect(((await answer.json()) as { data: object }).data).toMatchObject({ id: 777, company_id: 1 })
    const { connect } = createTestApp(provider, { store: home.store })
    expect((await connect.links.find(AT_MI6))?.status).toBe('active')
  })
})
