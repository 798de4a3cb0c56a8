import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net'
import { createApp, createCompany, type Runtime } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makePreparedSchema } from '../../../../tests/support/postgres-schema.ts'
import { BOND, CALLBACK, MI6, ORIGIN, onPostgres, SECOND, SECRET } from '../../../../tests/support/provider.ts'
import { createRuntime } from '../server.ts'
import { listPendingCallbacks } from '../store/queries/uninstall-callbacks.ts'
import { statement } from '../store/store.ts'
import { CallbackSender } from './callback-sender.ts'
import { uninstallCallbacks } from './uninstall-callbacks.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

let runtime: Runtime
let schema: Awaited<ReturnType<typeof makePreparedSchema>> | undefined
let now: number
let sender: CallbackSender
const servers: { close(): unknown; closeAllConnections?(): void }[] = []

// Without a server, which would send them too.
beforeEach(async () => {
  now = Date.UTC(2026, 0, 15, 12)
  schema = onPostgres ? await makePreparedSchema() : undefined
  runtime = createRuntime({
    store: schema ? { url: schema.url, connections: 4 } : { path: ':memory:' },
    secrets: [SECRET],
    origin: ORIGIN,
    localCallbacks: true,
    clock: () => now,
  })
  await runtime.store.ready
  await runtime.keys.load()
  await createCompany(runtime, { companyId: MI6, name: 'MI6', domain: 'mi6' })
  sender = new CallbackSender(runtime, uninstallCallbacks)
})
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.()
    server.close()
  }
  await sender.stop()
  await runtime.store.close()
  await schema?.remove()
})

const pass = (time: number) => {
  now += time
}

async function registerApp(uninstallUrl: string): Promise<string> {
  const { app } = await createApp(runtime, {
    name: 'App',
    redirectUris: [CALLBACK],
    scopes: ['base'],
    uninstallUrl,
  })
  return app.clientId
}

async function listen(server: Server | ReturnType<typeof createNetServer>): Promise<string> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/uninstalled`
}

/** An app whose server answers so, with as many callbacks to be sent. */
async function appWith(count: number, answer: Answer | 'hangs') {
  const heard: number[] = []
  const url =
    answer === 'hangs'
      ? await listen(createNetServer(() => {}))
      : await listen(
          createServer((request, response) => {
            heard.push(now)
            answer(request, response)
          }),
        )
  const id = await registerApp(url)
  await queue(id, count)
  return { id, heard }
}

async function queue(clientId: string, count: number, nextAttemptAt = now) {
  const { store } = runtime
  await store.write(
    Array.from({ length: count }, (_, index) =>
      statement(
        store.db.insertInto('uninstall_callbacks').values({
          company_id: MI6,
          user_id: BOND,
          client_id: clientId,
          ended_at: now - 100_000 + index,
          next_attempt_at: nextAttemptAt,
          claimed_until: null,
          gave_up_at: null,
          last_error: null,
        }),
      ),
    ),
  )
}

const ok: Answer = (_, response) => void response.writeHead(204).end()
const left = async (clientId: string) =>
  (await listPendingCallbacks(runtime.store)).filter(({ client_id }) => client_id === clientId)

describe('a sender of callbacks', () => {
  it('a sender of callbacks sends a healthy app’s forty while a host hangs, and while thirty do', async () => {
    const hanging = await appWith(50, 'hangs')
    for (let more = 0; more < 29; more++) await appWith(3, 'hangs')
    const healthy = await appWith(40, ok)
    await sender.look()
    // Not one of the hanging calls can have ended by then: their time limit is ten seconds.
    await expect.poll(() => left(healthy.id)).toEqual([])
    expect(healthy.heard).toHaveLength(40)
    const claimed = (await left(hanging.id)).filter(({ claimed_until }) => claimed_until !== null)
    expect(claimed).toHaveLength(1)
  })

  it('a sender of callbacks fills a place at once: all is sent by one look', async () => {
    const apps = await Promise.all(Array.from({ length: 5 }, () => appWith(100, ok)))
    await sender.look()
    await sender.settle()
    for (const { id } of apps) expect(await left(id)).toEqual([])
  })

  it('a sender of callbacks gives an app that does not answer one place and longer pauses, and lets the rest wait untried', async () => {
    let calls = 0
    const id = await registerApp(
      await listen(
        createNetServer(socket => {
          calls += 1
          socket.destroy()
        }),
      ),
    )
    await queue(id, 20)
    const lookOften = async () => {
      for (let round = 0; round < 3; round++) {
        await sender.look()
        await sender.settle()
      }
    }
    await lookOften()
    expect(calls).toBe(1)
    for (let failures = 1; failures < 8; failures++) {
      pass(Math.min(2 ** (failures - 1), 60) * SECOND - 1)
      await lookOften()
      expect(calls).toBe(failures)
      pass(1)
      await lookOften()
      expect(calls).toBe(failures + 1)
    }
    const attempts = (await left(id)).map(row => row.attempts)
    expect(attempts.reduce((sum, each) => sum + each, 0)).toBe(8)
  })

  it('a sender of callbacks tries all of an app that answers, but not well, one after the other', async () => {
    let underWay = 0
    let most = 0
    const failing = await appWith(30, (_, response) => {
      underWay += 1
      most = Math.max(most, underWay)
      setTimeout(() => {
        underWay -= 1
        response.writeHead(500).end()
      }, 5)
    })
    await sender.look()
    await expect.poll(() => failing.heard.length).toBe(30)
    expect(most).toBe(1)
    await sender.settle()
    expect((await left(failing.id)).map(row => row.attempts)).toEqual(Array.from({ length: 30 }, () => 1))
  })

  it('a sender of callbacks does not ask again after 410, and not before the time that Retry-After says', async () => {
    const gone = await appWith(1, (_, response) => void response.writeHead(410).end())
    const busy = await appWith(2, (_, response) => void response.writeHead(503, { 'Retry-After': '120' }).end())
    await sender.look()
    await sender.settle()
    expect(await left(gone.id)).toEqual([])
    pass(119 * SECOND)
    await sender.look()
    await sender.settle()
    expect(busy.heard).toHaveLength(1)
    pass(SECOND)
    await sender.look()
    await sender.settle()
    expect(busy.heard).toHaveLength(2)
  })

  it('a sender of callbacks breaks off what hangs or drips once the server stops, and gives it back untried', async () => {
    const hanging = await appWith(3, 'hangs')
    const drips: Socket[] = []
    const dripping = await registerApp(
      await listen(
        createNetServer(socket => {
          drips.push(socket)
          socket.on('error', () => {})
          socket.write('HTTP/1.1 200 OK\r\nX-Slow: ')
          const timer = setInterval(() => socket.write('x'), 50)
          socket.on('close', () => clearInterval(timer))
        }),
      ),
    )
    await queue(dripping, 1)
    await sender.look()
    await expect.poll(() => drips.length).toBe(1)
    await sender.stop()
    for (const id of [hanging.id, dripping]) {
      for (const row of await left(id)) {
        expect(row).toMatchObject({
          attempts: 0,
          claimed_until: null,
          next_attempt_at: now,
          last_error: null,
        })
      }
    }
    expect(await sender.look()).toBe(0)
  })

  it('a sender of callbacks takes up what a clock that was ahead put off', async () => {
    const app = await appWith(0, ok)
    await queue(app.id, 3, now + 365 * 24 * 3600 * SECOND)
    pass(61 * SECOND)
    await sender.look()
    await sender.settle()
    expect(await left(app.id)).toEqual([])
  })

  it('a sender of callbacks takes over what a sender that died has claimed, once its claim ends, whatever the clock was then', async () => {
    const app = await appWith(2, ok)
    const { store } = runtime
    const claim = (until: number) =>
      store.write([
        statement(
          store.db
            .updateTable('uninstall_callbacks')
            .set({ claimed_until: until, next_attempt_at: now })
            .where('client_id', '=', app.id)
            .where('company_id', '=', MI6),
        ),
      ])
    await claim(now + 15 * SECOND)
    await sender.look()
    await sender.settle()
    expect(app.heard).toHaveLength(0)
    await claim(now + 365 * 24 * 3600 * SECOND)
    await sender.look()
    await sender.settle()
    expect(app.heard).toHaveLength(2)
  })
})
