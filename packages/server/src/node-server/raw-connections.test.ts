import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { setMember } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client, TokenAnswer } from '../../../../tests/support/client.ts'
import { Line, type RawAnswer } from '../../../../tests/support/line.ts'
import { BOND, MI6, onPostgres, startProvider, type TestProvider } from '../../../../tests/support/provider.ts'
import { temporaryFolder } from '../../../../tests/support/sandbox-process.ts'
import { HotRoutes } from './hot-routes.ts'
import { type Listener, listen } from './listen.ts'
import { RawConnections } from './raw-connections.ts'

describe('the fast path', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let provider: TestProvider
  let client: Client
  let tokens: TokenAnswer
  let listener: Listener
  /** Responses that `node:http` wrote: only those have a `Keep-Alive` header. */
  let viaNodeHttp: number
  const lines: Line[] = []

  beforeEach(async () => {
    folder = temporaryFolder()
    provider = await startProvider(onPostgres ? {} : { store: { path: `${folder.path}/a.db` } })
    client = await provider.registerApp()
    tokens = await client.tokens(await provider.person().code(client, { company: MI6 }))
    listener = await listen('127.0.0.1', 0)
    viaNodeHttp = 0
    const { tenantry } = provider
    listener.serve({
      fetch: tenantry.fetch,
      hotRoutes: tenantry.hotRoutes,
    })
  })
  afterEach(async () => {
    for (const { socket } of lines.splice(0)) socket.destroy()
    await listener.close()
    await provider.close()
    folder.remove()
  })

  function open(): Line {
    const line = new Line(listener.port)
    lines.push(line)
    return line
  }
  async function answerOf(line: Line): Promise<RawAnswer> {
    const answer = await line.answer()
    if (answer.headers['Keep-Alive']) viaNodeHttp += 1
    return answer
  }
  const get = (token: string, ...more: string[]) =>
    [`GET /users/me HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`, ...more, '', ''].join('\r\n')
  const name = ({ body }: RawAnswer) => (JSON.parse(body) as { data: { name: string } | null }).data?.name

  it.each(['good', 'garbage', 'revoked'])('responds exactly as node:http does: %s token', async kind => {
    if (kind === 'revoked') await client.revoke(tokens.access_token)
    const token = kind === 'garbage' ? kind : tokens.access_token
    const line = open()
    line.write(get(token))
    const short = await answerOf(line)
    expect(viaNodeHttp).toBe(0)
    line.write(get(token, 'Content-Length: 0'))
    const long = await answerOf(line)
    expect(viaNodeHttp).toBe(1)
    for (const answer of [short, long]) {
      expect(answer.headers['X-Request-Id']).toMatch(/^[0-9a-f-]{36}$/)
      expect(Date.parse(answer.headers.Date!)).toBeGreaterThan(Date.now() - 10_000)
      for (const header of ['X-Request-Id', 'Date', 'Keep-Alive']) delete answer.headers[header]
    }
    expect(short).toEqual(long)
    expect(short.status).toBe(kind === 'good' ? 200 : 401)
  })

  it('the fast path sends names in any script, with their length in bytes', async () => {
    await setMember(provider.runtime, MI6, BOND, { name: 'Джеймс Бонд 😀' })
    const line = open()
    for (let round = 0; round < 3; round++) {
      line.write(get(tokens.access_token))
      expect(name(await answerOf(line))).toBe('Джеймс Бонд 😀')
    }
    expect(viaNodeHttp).toBe(0)
  })

  it('the fast path sees a revocation at the next request', async () => {
    const line = open()
    line.write(get(tokens.access_token))
    expect((await answerOf(line)).status).toBe(200)
    await client.revoke(tokens.access_token)
    line.write(get(tokens.access_token))
    expect((await answerOf(line)).status).toBe(401)
    expect(viaNodeHttp).toBe(0)
  })

  it('a connection comes back to the fast path after each request that node:http answered', async () => {
    const line = open()
    line.write(get(tokens.access_token))
    expect((await answerOf(line)).status).toBe(200)
    const body = `grant_type=refresh_token&refresh_token=${tokens.refresh_token}`
    const basic = Buffer.from(`${client.id}:${client.secret}`).toString('base64')
    const head = ['POST /oauth/token HTTP/1.1', 'Host: x', `Authorization: Basic ${basic}`]
    const form = ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`, '', '']
    line.write([...head, ...form].join('\r\n') + body.slice(0, 20))
    await sleep(30)
    line.write(body.slice(20))
    const refreshed = await answerOf(line)
    expect(refreshed.status).toBe(200)
    const { access_token } = JSON.parse(refreshed.body) as TokenAnswer
    for (const request of [get(access_token), 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', get(access_token)]) {
      line.write(request)
      expect((await answerOf(line)).status).toBe(200)
    }
    expect(viaNodeHttp).toBe(2)
  })

  it.each([
    ['a head that goes on', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: '],
    ['a body in pieces', 'POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n'],
    ['a body of which more is to come', 'POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n'],
  ])('what looks like a hot request within another one is no request: %s', async (_what, start) => {
    const line = open()
    line.write(start)
    await sleep(30)
    line.write(get(tokens.access_token))
    await sleep(100)
    line.socket.end()
    await expect.poll(() => line.isClosed).toBe(true)
    expect(line.received).not.toContain('James Bond')
  })

  it('whatever requests are sent, in whatever pieces, all are answered in order as node:http answers them', async () => {
    const hot = get(tokens.access_token)
    const kinds: [string, number][] = [
      [hot, 200],
      [hot, 200],
      [get('garbage'), 401],
      ['GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', 200],
      ['GET /nope HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc', 404],
      ['POST /users/me HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello', 405],
      ['POST /users/me HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', 405],
      [`POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: ${hot.length}\r\n\r\n${hot}`, 400],
    ]
    const sent = fc.record({
      requests: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 6 }),
      /** Where the bytes are cut, and how many turns of the event loop pass before the rest. */
      cuts: fc.array(fc.tuple(fc.nat(), fc.nat({ max: 30 })), { maxLength: 6 }),
      betweenRequests: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(sent, async ({ requests, cuts, betweenRequests }) => {
        const line = new Line(listener.port)
        line.socket.setNoDelay(true)
        const bytes = requests.map(([text]) => text).join('')
        let end = 0
        const ends = requests.map(([text]) => (end += text.length))
        const places = new Map(cuts.map(([at, turns]) => [at % bytes.length, turns]))
        if (betweenRequests) for (const each of ends) places.set(each, 20)
        let from = 0
        for (const [at, turns] of [...places].sort(([one], [other]) => one - other)) {
          line.write(bytes.slice(from, at))
          from = at
          for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
        }
        line.write(bytes.slice(from))
        const statuses: number[] = []
        for (const _ of requests) statuses.push((await line.answer()).status)
        expect(statuses).toEqual(requests.map(([, status]) => status))
        line.write(hot)
        expect((await line.answer()).status).toBe(200)
        line.socket.destroy()
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  it('the fast path answers pipelined requests in order', async () => {
    const line = open()
    line.write(get(tokens.access_token) + get('garbage') + get(tokens.access_token))
    const statuses = [(await answerOf(line)).status, (await answerOf(line)).status, (await answerOf(line)).status]
    expect(statuses).toEqual([200, 401, 200])
    expect(viaNodeHttp).toBe(3)
  })

  it('the fast path answers a request that arrives byte by byte', async () => {
    const line = open()
    line.socket.setNoDelay(true)
    for (const byte of get(tokens.access_token)) {
      line.write(byte)
      await sleep(1)
    }
    expect((await answerOf(line)).status).toBe(200)
  })

  it('refuses bytes that are not HTTP, as node:http does', async () => {
    const line = open()
    line.write('EHLO mail.example\r\n\r\n')
    expect((await answerOf(line)).status).toBe(400)
    await expect.poll(() => line.isClosed).toBe(true)
  })

  it('the fast path leaves internal errors to the route, which logs and answers them', async () => {
    Object.assign(provider.runtime.store, {
      findBearer() {
        throw new Error('an internal error')
      },
    })
    const line = open()
    line.write(get(tokens.access_token))
    const answer = await answerOf(line)
    expect([answer.status, (JSON.parse(answer.body) as { success: boolean }).success]).toEqual([500, false])
  })

  it('the fast path closes a half-closed connection after its last response', async () => {
    const line = open()
    line.write(get(tokens.access_token))
    expect((await answerOf(line)).status).toBe(200)
    line.socket.end(get(tokens.access_token))
    expect((await answerOf(line)).status).toBe(200)
    // Long before the idle timeout.
    await expect.poll(() => line.isClosed, { timeout: 10_000 }).toBe(true)
    expect(viaNodeHttp).toBe(0)
  })

  it('the fast path survives clients that reset the connection', async () => {
    for (let round = 0; round < 50; round++) {
      const line = open()
      line.write(get(tokens.access_token))
      line.socket.resetAndDestroy()
    }
    const line = open()
    line.write(get(tokens.access_token))
    expect((await answerOf(line)).status).toBe(200)
  })

  it('the fast path stops reading from a client that does not read responses, and sends them all later', async () => {
    const server = createServer()
    let held: Socket | undefined
    new RawConnections(server, { firstTimeout: 10_000, idleTimeout: 10_000 }).serve(
      new HotRoutes(provider.tenantry.hotRoutes),
    )
    server.on('connection', socket => {
      held = socket
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const line = new Line((server.address() as AddressInfo).port)
    lines.push(line)
    line.socket.setNoDelay(true)
    await once(line.socket, 'connect')
    line.socket.pause()
    let asked = 0
    for (; !held?.isPaused() && asked < 50_000; asked++) {
      const before = held?.bytesWritten ?? 0
      line.write(get(tokens.access_token))
      // One by one: several at once would be node:http's.
      while ((held?.bytesWritten ?? 0) === before) await new Promise(resolve => setImmediate(resolve))
    }
    expect(held?.isPaused()).toBe(true)
    line.socket.resume()
    for (let answered = 0; answered < asked; answered++) expect((await answerOf(line)).status).toBe(200)
    server.close()
  })

  it('the fast path closes as node:http does: the next response on an idle connection is its last', async () => {
    const line = open()
    const idle = open()
    for (const each of [line, idle]) {
      each.write(get(tokens.access_token))
      expect((await answerOf(each)).headers.Connection).toBe('keep-alive')
    }
    const closed = listener.close(500)
    line.write(get(tokens.access_token))
    const last = await answerOf(line)
    expect([last.status, last.headers.Connection]).toEqual([200, 'close'])
    await closed
    await expect.poll(() => line.isClosed && idle.isClosed).toBe(true)
    expect(viaNodeHttp).toBe(0)
  })
})
