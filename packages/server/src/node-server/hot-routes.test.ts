import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import { pino } from 'pino'
import { setSuspended } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../../../tests/support/client.ts'
import { MI6, startProvider, type TestProvider } from '../../../../tests/support/provider.ts'
import { TooBusy } from '../http/errors.ts'
import { StoreUnavailable } from '../store/store.ts'

describe('GET /users/me answered directly in a node:http server', () => {
  let provider: TestProvider
  let client: Client
  let server: Server
  let port: number
  let direct: number
  let tokens: Record<string, string | undefined>
  const logged: { err?: { message: string } }[] = []

  beforeEach(async () => {
    logged.length = 0
    const logger = pino({ level: 'error' }, { write: line => void logged.push(JSON.parse(line)) })
    provider = await startProvider({ logger })
    client = await provider.registerApp()
    direct = 0
    const listener = getRequestListener(provider.tenantry.fetch)
    server = createServer((incoming, outgoing) => {
      if (provider.tenantry.answerDirectly(incoming, outgoing)) direct += 1
      else listener(incoming, outgoing)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    const take = async (parameters = {}) =>
      (await client.tokens(await provider.person().code(client, { company: MI6 }, parameters))).access_token
    const [good, narrow, revoked] = [await take(), await take({ scope: 'users:read' }), await take()]
    await client.revoke(revoked)
    tokens = { good, narrow, revoked, garbage: 'garbage', none: undefined }
  })
  afterEach(async () => {
    server.close()
    server.closeAllConnections()
    await provider.close()
  })

  /** Everything that a client can see of an answer, but for what differs from request to request. */
  async function seen(answer: Response) {
    const headers = Object.fromEntries(answer.headers)
    for (const name of ['x-request-id', 'date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']) {
      delete headers[name]
    }
    return { status: answer.status, headers, body: await answer.text() }
  }
  const headersFor = (kind: string): Record<string, string> =>
    tokens[kind] === undefined ? {} : { Authorization: `Bearer ${tokens[kind]}` }
  const ask = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init)

  it.each(['good', 'narrow', 'revoked', 'garbage', 'none'])(
    'responds exactly as the route does: %s token',
    async kind => {
      const headers = headersFor(kind)
      const directly = await seen(await ask('/users/me?x=1', { headers }))
      expect(direct).toBe(1)
      expect(directly).toEqual(await seen(await provider.fetch('/users/me?x=1', { headers })))
      const cross = { headers: { ...headers, Origin: 'https://spa.example' } }
      expect(await seen(await ask('/users/me', cross))).toEqual(await seen(await provider.fetch('/users/me', cross)))
    },
  )

  it('a hot route in node:http has a request id and a length', async () => {
    const { headers } = await ask('/api/v1/users/me', { headers: headersFor('good') })
    expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(Number(headers.get('Content-Length'))).toBeGreaterThan(500)
  })

  it('a hot route in node:http sees a suspension at the next request', async () => {
    expect((await ask('/users/me', { headers: headersFor('good') })).status).toBe(200)
    await setSuspended(provider.runtime, MI6, true)
    expect((await ask('/users/me', { headers: headersFor('good') })).status).toBe(401)
    expect(direct).toBe(2)
  })

  it('a hot route in node:http leaves other methods and other paths to the routes', async () => {
    const headers = headersFor('good')
    expect((await ask('/users/me', { method: 'HEAD', headers })).status).toBe(200)
    expect((await ask('/users/me', { method: 'POST', headers })).status).toBe(405)
    expect((await ask('/users/me/', { headers })).status).toBe(404)
    expect(direct).toBe(0)
  })

  it('[OA-71] a hot route in node:http answers two Authorization headers with 400', async () => {
    const twice = await new Promise<string>(resolve => {
      const socket = connect(port, '127.0.0.1')
      socket.on('data', data => {
        resolve(String(data))
        socket.destroy()
      })
      const line = `Authorization: Bearer ${tokens.good}\r\n`
      socket.write(`GET /users/me HTTP/1.1\r\nHost: x\r\n${line}${line.replace('_1_', '_2_')}\r\n`)
    })
    expect(twice).toMatch(/^HTTP\/1\.1 400 /)
    expect(twice).toMatch(/WWW-Authenticate: Bearer error="invalid_request"/i)
  })

  it.each([
    ['an internal error', new Error('an internal error')],
    ['a database that is not available', new StoreUnavailable('the database is not available')],
    ['too much to do', new TooBusy()],
  ])('an error that comes later is answered as the route answers it, and logged: %s', async (_what, error) => {
    Object.assign(provider.runtime.store, { findBearer: () => Promise.reject(error) })
    const headers = headersFor('good')
    const directly = await seen(await ask('/users/me', { headers }))
    expect(direct).toBe(1)
    const byRoute = await seen(await provider.fetch('/users/me', { headers }))
    const withoutId = ({ body, ...rest }: typeof byRoute) => ({ ...rest, body: body.replace(/[0-9a-f-]{36}/, 'ID') })
    expect(withoutId(directly)).toEqual(withoutId(byRoute))
    expect(directly.status).toBeGreaterThanOrEqual(500)
    expect(logged.filter(({ err }) => err?.message === error.message)).toHaveLength(2)
  })

  it('closing waits for what a hot route is to answer later', async () => {
    const found = Promise.withResolvers<undefined>()
    Object.assign(provider.runtime.store, { findBearer: () => found.promise })
    const asked = ask('/users/me', { headers: headersFor('good') })
    await expect.poll(() => direct).toBe(1)
    let isClosed = false
    const closing = provider.tenantry.close().then(() => {
      isClosed = true
    })
    await sleep(50)
    expect(isClosed).toBe(false)
    found.resolve(undefined)
    expect((await asked).status).toBe(401)
    await closing
  })

  it('a hot route in node:http leaves internal errors to the route, which logs and answers them', async () => {
    Object.assign(provider.runtime.store, {
      findBearer() {
        throw new Error('an internal error')
      },
    })
    const answer = await ask('/users/me', { headers: headersFor('good') })
    expect([answer.status, ((await answer.json()) as { success: boolean }).success]).toEqual([500, false])
  })
})
