import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Line } from '../../../../tests/support/line.ts'
import { type HotResponse, type HotRoute, ResponseBody } from '../http/hot-route.ts'
import { HotRoutes } from './hot-routes.ts'
import { RawConnections } from './raw-connections.ts'

const GET = 'GET /later HTTP/1.1\r\nHost: x\r\n\r\n'
const OTHER = 'GET /other HTTP/1.1\r\nHost: x\r\n\r\n'

describe('hot routes that answer later, on the fast path', () => {
  let server: Server
  let connections: RawConnections
  let socket: Socket | undefined
  /** The requests that are still to be answered, in the order in which they came. */
  let asked: ((body: string) => void)[]
  const lines: Line[] = []

  beforeEach(async () => {
    asked = []
    const route: HotRoute = {
      paths: new Set(['/later']),
      respond: () =>
        new Promise<HotResponse>(resolve => {
          asked.push(body => resolve({ status: 200, headers: {}, requestId: 'an-id', body: new ResponseBody(body) }))
        }),
    }
    server = createServer((incoming, outgoing) => {
      outgoing.once('close', () => connections.responseEnded(incoming))
      outgoing.end('node:http')
    })
    connections = new RawConnections(server, { firstTimeout: 10_000, idleTimeout: 10_000 })
    connections.serve(new HotRoutes([route]))
    server.on('connection', opened => {
      socket = opened
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(() => {
    for (const line of lines.splice(0)) line.socket.destroy()
    connections.closeIdleConnections()
    server.close()
  })

  function open(): Line {
    const line = new Line((server.address() as AddressInfo).port)
    line.socket.setNoDelay(true)
    lines.push(line)
    return line
  }
  const answerNext = async (body: string) => {
    await expect.poll(() => asked.length).toBeGreaterThan(0)
    asked.shift()!(body)
  }

  it('requests on one connection are asked one after the other, and answered in their order', async () => {
    const line = open()
    line.write(GET)
    await expect.poll(() => asked.length).toBe(1)
    line.write(GET)
    await sleep(30)
    line.write(OTHER)
    await sleep(30)
    expect(asked).toHaveLength(1)
    await answerNext('first')
    expect((await line.answer()).body).toBe('first')
    // Two that came as one chunk are node:http's, which has no such route here.
    expect(['second', 'node:http']).toContain(await bodyOfNext(line, 'second'))
    expect((await line.answer()).body).toBe('node:http')
  })

  async function bodyOfNext(line: Line, body: string): Promise<string> {
    await sleep(50)
    asked.shift()?.(body)
    return (await line.answer()).body
  }

  it('connections do not wait for each other', async () => {
    const [one, other] = [open(), open()]
    one.write(GET)
    await expect.poll(() => asked.length).toBe(1)
    other.write(GET)
    await expect.poll(() => asked.length).toBe(2)
    asked[1]!('other')
    expect((await other.answer()).body).toBe('other')
    asked[0]!('one')
    expect((await one.answer()).body).toBe('one')
  })

  it('what arrives while a response is waited for is bounded: the connection is not read from', async () => {
    const line = open()
    line.write(GET)
    await expect.poll(() => asked.length).toBe(1)
    const before = socket!.bytesRead
    const flood = OTHER.repeat(400_000)
    line.write(flood)
    await expect.poll(() => socket!.isPaused()).toBe(true)
    const first = socket!.bytesRead - before
    expect(first).toBeLessThan(1_000_000)
    await sleep(300)
    expect(socket!.bytesRead - before).toBe(first)
    await answerNext('at last')
    expect((await line.answer()).body).toBe('at last')
    for (let index = 0; index < 100; index++) expect((await line.answer()).body).toBe('node:http')
  })

  it('a client that has ended its side still gets its response, and the connection closes after it', async () => {
    const line = open()
    line.socket.end(GET)
    await expect.poll(() => asked.length).toBe(1)
    await sleep(50)
    expect(line.isClosed).toBe(false)
    await answerNext('late')
    expect((await line.answer()).body).toBe('late')
    await expect.poll(() => line.isClosed).toBe(true)
  })

  it('a client that went away meanwhile harms nothing', async () => {
    for (let round = 0; round < 20; round++) {
      const line = open()
      line.write(GET)
      await expect.poll(() => asked.length).toBe(1)
      if (round % 2) line.socket.resetAndDestroy()
      else line.socket.destroy()
      if (round % 4 < 2) await sleep(20)
      await answerNext('unread')
    }
    const line = open()
    line.write(GET)
    await answerNext('fine')
    expect((await line.answer()).body).toBe('fine')
  })

  it('closing waits for a response that is to come, which is the last', async () => {
    const line = open()
    const idle = open()
    idle.write(OTHER)
    expect((await idle.answer()).body).toBe('node:http')
    line.write(OTHER)
    expect((await line.answer()).body).toBe('node:http')
    line.write(GET)
    await expect.poll(() => asked.length).toBe(1)
    connections.beginClosing()
    connections.closeIdleConnections()
    server.closeIdleConnections()
    await expect.poll(() => idle.isClosed).toBe(true)
    expect(line.isClosed).toBe(false)
    await answerNext('last')
    const { body, headers } = await line.answer()
    expect([body, headers.Connection]).toEqual(['last', 'close'])
    await expect.poll(() => line.isClosed).toBe(true)
  })

  it('a connection that node:http closes as idle is answered by node:http again later', async () => {
    const line = open()
    for (let round = 0; round < 3; round++) {
      line.write(OTHER)
      expect((await line.answer()).body).toBe('node:http')
      await sleep(20)
      // It gives up its own part alone.
      server.closeIdleConnections()
    }
    expect(line.isClosed).toBe(false)
  })
})
