import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Client, type TokenAnswer } from './support/client.ts'
import { makeTestDatabase, type TestDatabase } from './support/database.ts'
import { Person } from './support/person.ts'
import { lastingPort, type RunningSandbox, runCommand, startSandbox } from './support/sandbox-process.ts'

const ROUNDS = 20

/** A user at a company who installs, refreshes and uninstalls over and over, and remembers what was answered. */
class Worker {
  readonly email: string
  readonly company: number
  readonly userId: number
  readonly #client: Client
  readonly #person: Person
  /** The last tokens that were answered, while no uninstall was asked for. */
  tokens: TokenAnswer | undefined
  /** Tokens whose installation was ended by an answered uninstall. */
  readonly ended: TokenAnswer[] = []
  uninstalls = 0
  refreshes = 0

  constructor(origin: string, client: Client, user: { user_id: number; email: string }, company: number) {
    this.userId = user.user_id
    this.email = user.email
    this.company = company
    this.#client = client
    this.#person = new Person((path, init) => fetch(new URL(path, origin), init))
  }

  /** Goes on until the server is gone. */
  async work(password: string, stopped: () => boolean): Promise<void> {
    try {
      while (!stopped()) await this.#step(password)
    } catch (error) {
      if (!stopped() && !isLostConnection(error)) throw error
    }
  }

  async #step(password: string) {
    if (!this.tokens) await this.#install(password)
    else if (this.refreshes % 4 === 3) await this.#uninstall()
    else await this.#refresh()
  }

  async #install(password: string) {
    const code = await this.#person.code(this.#client, { email: this.email, password, company: this.company })
    const answer = await this.#client.exchange(code)
    expect(answer.status).toBe(200)
    this.tokens = (await answer.json()) as TokenAnswer
    this.refreshes = 0
  }

  async #refresh() {
    const answer = await this.#client.refresh(this.tokens!.refresh_token)
    expect({ who: this.email, status: answer.status, body: await answer.clone().text() }).toMatchObject({ status: 200 })
    this.tokens = (await answer.json()) as TokenAnswer
    this.refreshes += 1
  }

  async #uninstall() {
    const ending = this.tokens!
    // From now on it is not known whether it is installed, until there is an answer.
    this.tokens = undefined
    const answer = await this.#client.revoke(ending.refresh_token)
    expect(answer.status).toBe(200)
    this.ended.push(ending)
    this.uninstalls += 1
  }

  /** What was answered is there. */
  async check() {
    if (this.tokens) {
      const me = await this.#client.me(this.tokens.access_token)
      expect({ who: this.email, status: me.status }).toEqual({ who: this.email, status: 200 })
    }
    for (const { access_token, refresh_token } of this.ended.slice(-3)) {
      expect((await this.#client.me(access_token)).status).toBe(401)
      expect((await this.#client.refresh(refresh_token)).status).toBe(400)
    }
  }
}

function isLostConnection(error: unknown): boolean {
  return error instanceof TypeError && /fetch failed|terminated/.test(error.message)
}

describe('kill -9', () => {
  let database: TestDatabase
  const heard = new Map<string, Set<string>>()
  const tries = new Map<string, number>()
  let failures = 0
  let listener: Server
  let sandbox: RunningSandbox
  let port: string

  beforeAll(async () => {
    listener = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = Buffer.concat(chunks).toString()
      // Fails half of the time: each callback's first, third, fifth … attempt.
      tries.set(body, (tries.get(body) ?? 0) + 1)
      if (tries.get(body)! % 2 === 1) {
        failures += 1
        response.writeHead(500).end()
        return
      }
      const { user_id, company_id, timestamp } = JSON.parse(body)
      const who = `${user_id} at ${company_id}`
      heard.set(who, (heard.get(who) ?? new Set()).add(timestamp))
      response.end()
    })
    await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
    port = await lastingPort()
    database = await makeTestDatabase()
    sandbox = await startSandbox([...database.flags, '--port', port])
  })
  afterAll(async () => {
    await sandbox?.stop()
    listener?.closeAllConnections()
    listener?.close()
    await database.remove()
  })

  it(`loses no answered write, ${ROUNDS} times, and every uninstall is heard`, { timeout: 300_000 }, async () => {
    const { origin, password, users } = sandbox.facts
    const created = await runCommand([
      'app',
      'create',
      ...database.flags,
      '--json',
      '--name',
      'Listener',
      '--redirect-uri',
      'http://127.0.0.1/callback',
      '--uninstall-url',
      `http://127.0.0.1:${(listener.address() as AddressInfo).port}/gone`,
    ])
    const { client_id, client_secret } = JSON.parse(created.stdout)
    const request = (path: string, init?: RequestInit) => fetch(new URL(path, origin), init)
    const client = new Client(request, client_id, client_secret, 'http://127.0.0.1:5999/callback')
    const workers = users
      .filter(({ companies }) => companies.length > 0)
      .slice(0, 8)
      .map(user => new Worker(origin, client, user, user.companies[0]!))

    for (let round = 0; round < ROUNDS; round++) {
      let stopped = false
      const work = Promise.all(workers.map(worker => worker.work(password, () => stopped)))
      await sleep(250 + Math.random() * 750)
      stopped = true
      await sandbox.stop('SIGKILL')
      await work
      sandbox = await startSandbox([...database.flags, '--port', port])
      for (const worker of workers) await worker.check()
    }

    const uninstalls = workers.reduce((sum, worker) => sum + worker.uninstalls, 0)
    expect(uninstalls).toBeGreaterThan(ROUNDS)
    expect(failures).toBeGreaterThan(0)
    await expect.poll(pending, { timeout: 120_000, interval: 1000 }).toEqual([])
    for (const { userId, company, uninstalls: answered } of workers) {
      const who = `${userId} at ${company}`
      expect({ who, heard: heard.get(who)?.size ?? 0 }).toEqual({
        who,
        heard: expect.toSatisfy(count => count >= answered),
      })
    }
  })

  async function pending(): Promise<unknown[]> {
    const { stdout } = await runCommand(['installation', 'list', ...database.flags, '--json'])
    return JSON.parse(stdout).filter(({ status }: { status: string }) => status !== 'installed')
  }
})
