import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { setMember } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client, TokenAnswer } from '../../../tests/support/client.ts'
import { Line, type WireAnswer } from '../../../tests/support/line.ts'
import { BOND, MI6, startProvider, type TestProvider } from '../../../tests/support/provider.ts'
import { temporaryFolder } from '../../../tests/support/sandbox-process.ts'
import { type Listener, listen } from './listen.ts'
import { ShortWay } from './short-way.ts'

describe('the short way', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let provider: TestProvider
  let client: Client
  let tokens: TokenAnswer
  let listener: Listener
  /** Requests that `node:http` got to see. */
  let longWay: number
  const lines: Line[] = []

  beforeEach(async () => {
    folder = temporaryFolder()
    provider = await startProvider({ store: { path: `${folder.path}/a.db` } })
    client = await provider.registerApp()
    tokens = await client.tokens(await provider.person().code(client, { company: MI6 }))
    listener = await listen('127.0.0.1', 0)
    longWay = 0
    const { tenantry } = provider
    listener.serve({
      fetch: tenantry.fetch,
      answersPlainly: tenantry.answersPlainly,
      answerDirectly(incoming, outgoing) {
        longWay += 1
        return tenantry.answerDirectly(incoming, outgoing)
      },
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
  const get = (token: string, ...more: string[]) =>
    [`GET /users/me HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`, ...more, '', ''].join('\r\n')
  const name = ({ body }: WireAnswer) => (JSON.parse(body) as { data: { name: string } | null }).data?.name

  it.each(['good', 'garbage', 'revoked'])('gives the very answer that node:http gives: %s token', async kind => {
    if (kind === 'revoked') await client.revoke(tokens.access_token)
    const token = kind === 'garbage' ? kind : tokens.access_token
    const line = open()
    line.write(get(token))
    const short = await line.answer()
    expect(longWay).toBe(0)
    line.write(get(token, 'Content-Length: 0'))
    const long = await line.answer()
    expect(longWay).toBe(1)
    for (const answer of [short, long]) {
      expect(answer.headers['X-Request-Id']).toMatch(/^[0-9a-f-]{36}$/)
      expect(Date.parse(answer.headers.Date!)).toBeGreaterThan(Date.now() - 10_000)
      for (const header of ['X-Request-Id', 'Date', 'Keep-Alive']) delete answer.headers[header]
    }
    expect(short).toEqual(long)
    expect(short.status).toBe(kind === 'good' ? 200 : 401)
  })

  it('sends people’s names in whatever script, and says how long they are in bytes', async () => {
    await setMember(provider.runtime, MI6, BOND, { name: 'Джеймс Бонд 😀' })
    const line = open()
    for (let round = 0; round < 3; round++) {
      line.write(get(tokens.access_token))
      expect(name(await line.answer())).toBe('Джеймс Бонд 😀')
    }
    expect(longWay).toBe(0)
  })

  it('sees a revocation at the very next request', async () => {
    const line = open()
    line.write(get(tokens.access_token))
    expect((await line.answer()).status).toBe(200)
    await client.revoke(tokens.access_token)
    line.write(get(tokens.access_token))
    expect((await line.answer()).status).toBe(401)
    expect(longWay).toBe(0)
  })

  it('leaves a connection to node:http with what came on it, and for good', async () => {
    const line = open()
    line.write(get(tokens.access_token))
    expect((await line.answer()).status).toBe(200)
    const body = `grant_type=refresh_token&refresh_token=${tokens.refresh_token}`
    const basic = Buffer.from(`${client.id}:${client.secret}`).toString('base64')
    const head = ['POST /oauth/token HTTP/1.1', 'Host: x', `Authorization: Basic ${basic}`]
    const form = ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`, '', '']
    line.write([...head, ...form].join('\r\n') + body.slice(0, 20))
    await sleep(30)
    line.write(body.slice(20))
    const refreshed = await line.answer()
    expect(refreshed.status).toBe(200)
    line.write(get((JSON.parse(refreshed.body) as TokenAnswer).access_token))
    expect((await line.answer()).status).toBe(200)
    expect(longWay).toBe(2)
  })

  it('answers several requests that come at once, each in its turn', async () => {
    const line = open()
    line.write(get(tokens.access_token) + get('garbage') + get(tokens.access_token))
    const statuses = [(await line.answer()).status, (await line.answer()).status, (await line.answer()).status]
    expect(statuses).toEqual([200, 401, 200])
    expect(longWay).toBe(3)
  })

  it('answers a request that comes byte by byte', async () => {
    const line = open()
    line.socket.setNoDelay(true)
    for (const byte of get(tokens.access_token)) {
      line.write(byte)
      await sleep(1)
    }
    expect((await line.answer()).status).toBe(200)
  })

  it('refuses what is no HTTP, as node:http does', async () => {
    const line = open()
    line.write('EHLO mail.example\r\n\r\n')
    expect((await line.answer()).status).toBe(400)
    await expect.poll(() => line.isClosed).toBe(true)
  })

  it('a fault of ours is answered and logged where all are', async () => {
    Object.assign(provider.runtime, {
      findBearer() {
        throw new Error('a fault of ours')
      },
    })
    const line = open()
    line.write(get(tokens.access_token))
    const answer = await line.answer()
    expect([answer.status, (JSON.parse(answer.body) as { success: boolean }).success]).toEqual([500, false])
  })

  it('closes a connection whose other end is done, after the answer that was asked for', async () => {
    const line = open()
    line.write(get(tokens.access_token))
    expect((await line.answer()).status).toBe(200)
    line.socket.end(get(tokens.access_token))
    expect((await line.answer()).status).toBe(200)
    // Long before the time that a connection may rest.
    await expect.poll(() => line.isClosed, { timeout: 10_000 }).toBe(true)
    expect(longWay).toBe(0)
  })

  it('outlives people who leave in the middle', async () => {
    for (let round = 0; round < 50; round++) {
      const line = open()
      line.write(get(tokens.access_token))
      line.socket.resetAndDestroy()
    }
    const line = open()
    line.write(get(tokens.access_token))
    expect((await line.answer()).status).toBe(200)
  })

  it('somebody who asks on and on and reads nothing is not read from any more, and gets every answer later', async () => {
    const server = createServer()
    let held: Socket | undefined
    new ShortWay(server, { firstTimeout: 10_000, idleTimeout: 10_000 }).serve(provider.tenantry.answersPlainly)
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
    for (let answered = 0; answered < asked; answered++) expect((await line.answer()).status).toBe(200)
    server.close()
  })

  it('closes as node:http does: an answer on a resting connection is its last', async () => {
    const [line, resting] = [open(), open()]
    for (const each of [line, resting]) {
      each.write(get(tokens.access_token))
      expect((await each.answer()).headers.Connection).toBe('keep-alive')
    }
    const closed = listener.close(500)
    line.write(get(tokens.access_token))
    const last = await line.answer()
    expect([last.status, last.headers.Connection]).toEqual([200, 'close'])
    await closed
    await expect.poll(() => line.isClosed && resting.isClosed).toBe(true)
    expect(longWay).toBe(0)
  })

  it('ends connections that bring nothing, and those that rest for long', async () => {
    const server = createServer()
    const way = new ShortWay(server, { firstTimeout: 150, idleTimeout: 400 })
    way.serve(provider.tenantry.answersPlainly)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const [silent, resting] = [new Line(port), new Line(port)]
    resting.write(get(tokens.access_token))
    expect((await resting.answer()).status).toBe(200)
    await expect.poll(() => silent.isClosed).toBe(true)
    expect(resting.isClosed).toBe(false)
    await expect.poll(() => resting.isClosed).toBe(true)
    server.close()
  })
})
