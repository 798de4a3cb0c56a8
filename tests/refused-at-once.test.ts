import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setAppPolicy, setMember, setMemberAccess } from 'tenantry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issueFirstTokens } from '../packages/server/src/tokens/issue.ts'
import type { Client } from './support/client.ts'
import { makeTestDatabase, type TestDatabase } from './support/database.ts'
import { Line } from './support/line.ts'
import { answerOf } from './support/person.ts'
import {
  BOND,
  MI6,
  MONEYPENNY,
  MONEYPENNY_EMAIL,
  SECRET,
  startProvider,
  type TestProvider,
} from './support/provider.ts'
import { startCommand } from './support/sandbox-process.ts'

const BUSY = 40
const ROUNDS = 60

describe('two servers on one database, many requests arriving at once', () => {
  let database: TestDatabase
  let provider: TestProvider
  let client: Client
  let tokens: string[]
  let servers: { child: ChildProcess; port: number }[]

  beforeAll(async () => {
    database = await makeTestDatabase()
    provider = await startProvider({ store: database.store, clock: Date.now })
    client = await provider.registerApp()
    tokens = [(await client.tokens(await provider.person().code(client, { company: MI6 }))).access_token]
    const key = { company_id: MI6, user_id: BOND, client_id: client.id }
    for (let index = 0; index < ROUNDS; index++) {
      const issued = issueFirstTokens(provider.runtime, { ...key, family_id: `family ${index}` }, ['base'])
      await provider.runtime.store.write(issued.statements)
      tokens.push(issued.tokens.accessToken)
    }
    servers = await Promise.all([serve(), serve()])
  })
  afterAll(async () => {
    for (const { child } of servers ?? []) {
      child.kill('SIGTERM')
      await new Promise(resolve => child.once('close', resolve))
    }
    await provider?.close()
    await database?.remove()
  })

  async function serve() {
    const child = startCommand(['serve', '--port', '0', '--workers', '1'], {
      ...database.environment,
      TENANTRY_ORIGIN: 'http://localhost:4040',
      TENANTRY_MODE: 'development',
      TENANTRY_SECRETS: SECRET,
      TENANTRY_LOG_LEVEL: 'info',
    })
    const port = await new Promise<number>((resolve, reject) => {
      createInterface({ input: child.stdout! }).on('line', line => {
        const { port } = JSON.parse(line)
        if (port !== undefined) resolve(port)
      })
      child.once('close', code => reject(new Error(`It ended with ${code}.`)))
    })
    child.stderr!.resume()
    return { child, port }
  }

  const get = (token: string) => `GET /users/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`

  /** Connections that ask one question after the other, until they are told to stop. */
  function keepBusy(port: number) {
    let isOver = false
    let answered = 0
    const loops = Array.from({ length: BUSY }, async () => {
      const line = new Line(port)
      while (!isOver) {
        line.write(get(tokens[0]!))
        expect((await line.answer()).status).toBe(200)
        answered += 1
      }
      line.socket.destroy()
    })
    return async () => {
      isOver = true
      await Promise.all(loops)
      return answered
    }
  }

  it('a token revoked at one server is refused by the very next request at the other', async () => {
    const [one, other] = servers.map(({ port }) => port) as [number, number]
    const finish = keepBusy(other)
    const line = new Line(other)
    line.socket.setNoDelay(true)
    for (let round = 1; round <= ROUNDS; round++) {
      const token = tokens[round]!
      // Asked for twice, it is remembered.
      for (let index = 0; index < 3; index++) {
        line.write(get(token))
        expect((await line.answer()).status).toBe(200)
      }
      const revoked = await fetch(`http://127.0.0.1:${one}/oauth/revoke`, {
        method: 'POST',
        body: new URLSearchParams({ token, client_id: client.id, client_secret: client.secret! }),
      })
      expect(revoked.status).toBe(200)
      line.write(get(token))
      expect([round, (await line.answer()).status]).toEqual([round, 401])
    }
    line.socket.destroy()
    expect(await finish()).toBeGreaterThan(ROUNDS)
  })

  it('what is changed of a member is what the very next request reads, at both servers', async () => {
    const lines = servers.map(({ port }) => new Line(port))
    const finish = keepBusy(servers[0]!.port)
    for (let round = 1; round <= ROUNDS; round++) {
      await setMember(provider.runtime, MI6, BOND, { name: `Bond ${round}` })
      for (const line of lines) line.write(get(tokens[0]!))
      for (const line of lines) {
        const { body } = await line.answer()
        expect(JSON.parse(body).data.name).toBe(`Bond ${round}`)
      }
    }
    await finish()
    for (const { socket } of lines) socket.destroy()
  })

  it('what an administrator takes from an app of the company is refused by the very next request, at both servers', async () => {
    const { runtime } = provider
    const app = await provider.registerApp({ install: 'both' })
    const bond = provider.person()
    const shown = await bond.reachConsent(app, { company: MI6 })
    const installed = await bond.submit(shown, { decision: 'allow', install_for: 'company' })
    const ofApp = await app.tokens(answerOf(installed).searchParams.get('code')!)
    const hers = provider.person()
    await hers.signIn(MONEYPENNY_EMAIL)
    const lines = servers.map(({ port }) => new Line(port))
    const statusOf = async (line: Line, token: string) => {
      line.write(get(token))
      return (await line.answer()).status
    }
    const key = { company_id: MI6, client_id: app.id }
    for (let round = 1; round <= 15; round++) {
      const opened = answerOf(await hers.request(app.authorizePath()))
      const { access_token } = await app.tokens(opened.searchParams.get('code')!)
      for (const line of lines) expect(await statusOf(line, access_token)).toBe(200)
      await setMemberAccess(runtime, { ...key, user_id: MONEYPENNY }, 'excluded')
      for (const line of lines) expect([round, await statusOf(line, access_token)]).toEqual([round, 401])
      await setMemberAccess(runtime, { ...key, user_id: MONEYPENNY }, null)
      for (const line of lines) expect(await statusOf(line, ofApp.access_token)).toBe(200)
      await setAppPolicy(runtime, { companyId: MI6, clientId: app.id }, 'blocked')
      for (const line of lines) expect([round, await statusOf(line, ofApp.access_token)]).toEqual([round, 401])
      await setAppPolicy(runtime, { companyId: MI6, clientId: app.id }, null)
    }
    for (const { socket } of lines) socket.destroy()
  })
})
