import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { letBodyTakeLong } from '../http/long-bodies.ts'
import { arrivalTimeouts, type Listener, listen } from './listen.ts'

/** Sends the beginning, then a byte at a time. @returns what was answered by the time that it was cut off */
function drip(listener: Listener, beginning: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(listener.port, '127.0.0.1', () => socket.write(beginning))
    const dripping = setInterval(() => socket.writable && socket.write('x'), 20)
    let answer = ''
    socket.on('data', bytes => {
      answer += bytes
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(dripping)
      resolve(answer)
    })
    setTimeout(() => reject(new Error('it was never cut off')), 20_000).unref()
  })
}

describe('a request that drips', () => {
  it('a request that drips is cut off at its timeout, its headers sooner than the whole', async () => {
    const listener = await listen('127.0.0.1', 0, { timeouts: { headers: 200, whole: 800, checkEvery: 20 } })
    listener.serve({
      fetch: async request => new Response(await request.text()),
    })
    const order: string[] = []
    const whole = drip(listener, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n').then(answer => {
      order.push('body')
      return answer
    })
    const headers = drip(listener, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ').then(answer => {
      order.push('headers')
      return answer
    })
    expect([await headers, await whole].map(answer => answer.split('\r\n')[0])).toEqual([
      'HTTP/1.1 408 Request Timeout',
      'HTTP/1.1 408 Request Timeout',
    ])
    expect(order).toEqual(['headers', 'body'])
    await listener.close()
  })

  it('a body that may take long arrives whole, and its answer comes meanwhile', async () => {
    const listener = await listen('127.0.0.1', 0, { timeouts: { headers: 200, whole: 300, checkEvery: 20 } })
    listener.serve({
      async fetch({ body }, { incoming }) {
        letBodyTakeLong(incoming.socket)
        return new Response(body)
      },
    })
    const outgoing = request({ port: listener.port, method: 'POST', path: '/', agent: false })
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
    const chunks = Array.from({ length: 12 }, (_, index) => `line ${index}\n`)
    outgoing.write(chunks[0])
    const [answer] = await answered
    expect(answer.statusCode).toBe(200)
    for (const chunk of chunks.slice(1)) {
      await sleep(100)
      outgoing.write(chunk)
    }
    outgoing.end()
    expect(await text(answer)).toBe(chunks.join(''))
    await listener.close()
  })

  it('a request that cannot be read is answered 400, and one with too many headers 431', async () => {
    const listener = await listen('127.0.0.1', 0)
    listener.serve({ fetch: async () => new Response('ok') })
    const send = (bytes: string) =>
      new Promise<string>(resolve => {
        let answer = ''
        const socket = connect(listener.port, '127.0.0.1', () => socket.write(bytes))
        socket.on('data', data => {
          answer += data
        })
        socket.on('error', () => {})
        socket.on('close', () => resolve(answer.split('\r\n')[0]!))
      })
    expect(await send('POST / HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n')).toBe('HTTP/1.1 400 Bad Request')
    expect(await send(`POST / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)).toBe(
      'HTTP/1.1 431 Request Header Fields Too Large',
    )
    await listener.close()
  })

  it('slow requests are checked often enough to be cut off when the documentation says', () => {
    expect(arrivalTimeouts).toMatchObject({ headers: 10_000, whole: 30_000 })
    expect(arrivalTimeouts.checkEvery).toBeLessThanOrEqual(arrivalTimeouts.headers / 10)
  })
})
