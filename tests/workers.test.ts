import { type ChildProcess, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from './support/client.ts'
import { makeTestDatabase, type TestDatabase } from './support/database.ts'
import { MI6, SECRET, startProvider, type TestProvider } from './support/provider.ts'
import { runCommand, startCommand, temporaryFolder } from './support/sandbox-process.ts'

interface Server {
  child: ChildProcess
  port: number
  ended: Promise<number | null>
  messages(): string[]
}

describe('serve --workers', () => {
  const folder = temporaryFolder()
  let database: TestDatabase
  let provider: TestProvider
  let client: Client
  let token: string
  let server: Server

  beforeEach(async () => {
    database = await makeTestDatabase()
    provider = await startProvider({ store: database.store, clock: Date.now })
    client = await provider.registerApp()
    token = (await client.tokens(await provider.person().code(client, { company: MI6 }))).access_token
    server = await serve()
  })
  afterEach(async () => {
    server.child.kill('SIGTERM')
    await server.ended
    await provider.close()
    await database.remove()
  })

  const environment = () => ({
    ...database.environment,
    TENANTRY_ORIGIN: 'https://id.example',
    TENANTRY_SECRETS: SECRET,
    TENANTRY_LOG_LEVEL: 'warn',
  })

  async function serve(): Promise<Server> {
    const config = join(folder.path, 'config.json')
    writeFileSync(config, '{ "logLevel": "warn" }')
    const child = startCommand(['serve', '--port', '0', '--workers', '2', '--config', config], {
      ...environment(),
      TENANTRY_LOG_LEVEL: 'info',
    })
    const messages: string[] = []
    const ended = new Promise<number | null>(resolve => child.on('close', resolve))
    const port = await new Promise<number>((resolve, reject) => {
      createInterface({ input: child.stdout! }).on('line', line => {
        const { msg, port } = JSON.parse(line)
        if (msg) messages.push(msg)
        if (msg === 'ready') resolve(port)
      })
      let errors = ''
      child.stderr?.on('data', chunk => {
        errors += chunk
      })
      ended.then(code => reject(new Error(`ended with ${code}: ${errors}`)))
    })
    return { child, port, ended, messages: () => messages }
  }

  const workers = () => {
    const { stdout } = spawnSync('pgrep', ['-P', String(server.child.pid)], { encoding: 'utf8' })
    return stdout.split('\n').filter(Boolean).map(Number).sort()
  }

  const alive = (pids: number[]) => pids.filter(pid => spawnSync('kill', ['-0', String(pid)]).status === 0)

  /** The status of `/users/me`, or the error's code. */
  const ask = (agent: Agent) =>
    new Promise<number | string>(resolve => {
      const options = { port: server.port, agent, headers: { Authorization: `Bearer ${token}` } }
      get({ ...options, host: '127.0.0.1', path: '/users/me' }, answer => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode ?? 0))
        answer.on('error', error => resolve((error as NodeJS.ErrnoException).code ?? 'error'))
      }).on('error', error => resolve((error as NodeJS.ErrnoException).code ?? 'error'))
    })

  /** Asks all the while, on connections that last and on one for each request. */
  function load() {
    const outcomes = new Map<number | string, number>()
    const lasting = new Agent({ keepAlive: true, maxSockets: 8 })
    const fresh = new Agent({ keepAlive: false })
    let running = true
    const askers = [...Array(4).fill(lasting), ...Array(4).fill(fresh)].map(async agent => {
      while (running) {
        const outcome = await ask(agent)
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        await sleep(2)
      }
    })
    return {
      outcomes,
      async stop() {
        running = false
        await Promise.all(askers)
        lasting.destroy()
      },
    }
  }

  it('two processes answer on one port, and what one revokes the other refuses', async () => {
    expect(workers()).toHaveLength(2)
    for (let round = 0; round < 10; round++) {
      const { access_token } = await client.tokens(await provider.person().code(client, { company: MI6 }))
      token = access_token
      // A connection for each request goes to one after the other.
      const outcomes = () => Promise.all(Array.from({ length: 4 }, () => ask(new Agent())))
      expect(await outcomes()).toEqual([200, 200, 200, 200])
      const answer = await fetch(`http://127.0.0.1:${server.port}/oauth/revoke`, {
        method: 'POST',
        headers: {
          Authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`,
          'Content-Type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams({ token }).toString(),
      })
      expect(answer.status).toBe(200)
      expect(await outcomes()).toEqual([401, 401, 401, 401])
    }
  })

  it('a worker that is killed is replaced, and the port answers all the while', async () => {
    const before = workers()
    const { outcomes, stop } = load()
    await sleep(300)
    process.kill(before[0]!, 'SIGKILL')
    await expect.poll(() => workers().length).toBe(2)
    await expect.poll(workers).not.toContain(before[0])
    await sleep(500)
    await stop()
    expect(workers()).toContain(before[1])
    expect([...outcomes.keys()].filter(outcome => outcome !== 200 && outcome !== 'ECONNRESET')).toEqual([])
    expect(server.messages()).toContain('a worker ended unexpectedly and is replaced')
    expect(outcomes.get(200)).toBeGreaterThan(100)
  })

  it('SIGHUP replaces all of them, and not one request fails', async () => {
    const before = workers()
    const { outcomes, stop } = load()
    await sleep(300)
    for (let round = 1; round <= 2; round++) {
      server.child.kill('SIGHUP')
      const done = () => server.messages().filter(message => message === 'the workers are replaced').length
      await expect.poll(done).toBe(round)
    }
    await sleep(300)
    await stop()
    expect(Object.fromEntries(outcomes)).toEqual({ 200: outcomes.get(200) })
    expect(workers()).toHaveLength(2)
    expect(workers().filter(pid => before.includes(pid))).toEqual([])
  })

  it('SIGHUP with a configuration that has mistakes leaves those that run', async () => {
    const before = workers()
    writeFileSync(join(folder.path, 'config.json'), '{ "no such option": 1 }')
    server.child.kill('SIGHUP')
    await expect.poll(server.messages).toContain('a new worker did not start; the old ones keep running')
    expect(workers()).toEqual(before)
    expect(await ask(new Agent())).toBe(200)
  })

  it('tenantry serve --workers stops all workers when it is told to, and leaves none behind when it is killed', async () => {
    const first = workers()
    server.child.kill('SIGTERM')
    expect(await server.ended).toBe(0)
    expect(alive(first)).toEqual([])
    server = await serve()
    const second = workers()
    server.child.kill('SIGKILL')
    await server.ended
    await expect.poll(() => alive(second)).toEqual([])
    server = await serve()
  })

  it.each([
    ['the first new one starts', 1, 0],
    ['the first old one ends', 1, 1],
    ['the last new one starts', 2, 1],
    ['the last old one ends', 2, 2],
  ])(
    'tenantry serve --workers that is told to stop while it replaces them stops: when %s',
    async (_when, begun, ready) => {
      // Idle connections keep the old workers for a while.
      const agent = new Agent({ keepAlive: true })
      await Promise.all(Array.from({ length: 8 }, () => ask(agent)))
      const before = workers()
      server.child.kill('SIGHUP')
      const answering = () => server.messages().filter(message => message.startsWith('a new worker answers')).length
      await expect
        .poll(() => [workers().filter(pid => !before.includes(pid)).length, answering()])
        .toEqual([begun, ready])
      const last = workers()
      server.child.kill('SIGTERM')
      expect(await server.ended).toBe(0)
      expect(server.messages().filter(message => message.includes('did not start'))).toEqual([])
      expect(server.messages().at(-1)).toBe('closed')
      expect(alive(last)).toEqual([])
      agent.destroy()
    },
  )

  it('tenantry serve --workers says why its workers do not start', async () => {
    const { code, stderr } = await runCommand(['serve', '--port', '0', '--workers', '2'], {
      environment: { ...environment(), TENANTRY_SECRETS: 'another secret that is long enough for it' },
    })
    expect(code).toBe(1)
    expect(stderr).toContain('sealed under another secret')
    expect(stderr).toContain('The workers did not start.')
    expect((await runCommand(['serve', '--workers', '0'])).stderr).toContain('It must be a number from 1 to 256')
  })
})
