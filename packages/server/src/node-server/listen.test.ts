import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
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
    const listener = await listen('127.0.0.1', 0, { headers: 200, whole: 800, checkEvery: 20 })
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

  it('slow requests are checked often enough to be cut off when the documentation says', () => {
    expect(arrivalTimeouts).toMatchObject({ headers: 10_000, whole: 30_000 })
    expect(arrivalTimeouts.checkEvery).toBeLessThanOrEqual(arrivalTimeouts.headers / 10)
  })
})
