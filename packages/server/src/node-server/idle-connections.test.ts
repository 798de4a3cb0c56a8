import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Line } from '../../../../tests/support/line.ts'
import { type HotResponse, ResponseBody } from '../http/hot-route.ts'
import { HotRoutes } from './hot-routes.ts'
import { RawConnections } from './raw-connections.ts'

const IDLE = 400
const response: HotResponse = { status: 200, headers: {}, requestId: 'an-id', body: new ResponseBody('here') }
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`

describe('connections of the fast path that are idle', () => {
  let server: Server
  const lines: Line[] = []

  beforeEach(async () => {
    server = createServer((incoming, outgoing) => {
      outgoing.once('close', () => connections.responseEnded(incoming))
      outgoing.end('node:http')
    })
    const connections = new RawConnections(server, { firstTimeout: 150, idleTimeout: IDLE })
    const now = { paths: new Set(['/now']), respond: () => response }
    const never = { paths: new Set(['/never']), respond: () => new Promise<HotResponse>(() => {}) }
    connections.serve(new HotRoutes([now, never]))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(() => {
    for (const line of lines.splice(0)) line.socket.destroy()
    server.close()
  })

  function open(): Line {
    const line = new Line((server.address() as AddressInfo).port)
    lines.push(line)
    return line
  }
  async function ask(line: Line, path: string) {
    line.write(get(path))
    expect((await line.answer()).status).toBe(200)
  }

  it('the fast path closes connections that send nothing, and later those that stay idle', async () => {
    const silent = open()
    const idle = open()
    await ask(idle, '/now')
    await expect.poll(() => silent.isClosed).toBe(true)
    expect(idle.isClosed).toBe(false)
    await expect.poll(() => idle.isClosed).toBe(true)
  })

  it('the fast path keeps a connection that is used, for however long, and closes it once it is idle', async () => {
    const line = open()
    const end = performance.now() + 4 * IDLE
    while (performance.now() < end) {
      await ask(line, '/now')
      await sleep(IDLE / 8)
    }
    expect(line.isClosed).toBe(false)
    await expect.poll(() => line.isClosed).toBe(true)
  })

  it('the fast path closes a connection that came back from node:http and stays idle, not one that is used then', async () => {
    const [idle, used] = [open(), open()]
    for (const line of [idle, used]) await ask(line, '/other')
    while (!idle.isClosed) {
      await ask(used, '/now')
      await sleep(IDLE / 8)
    }
    for (let again = 0; again < 12; again++) {
      await ask(used, '/now')
      await sleep(IDLE / 8)
    }
    expect(used.isClosed).toBe(false)
  })

  it('the fast path closes a connection whose response does not come', async () => {
    const line = open()
    await ask(line, '/now')
    line.write(get('/never'))
    await expect.poll(() => line.isClosed).toBe(true)
  })
})
