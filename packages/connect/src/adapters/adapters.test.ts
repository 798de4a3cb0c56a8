import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, connect as connectTo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { type Connect, createAccount, memoryStore, useAccount } from '@tenantry/connect'
import { expressConnect, expressRequest } from '@tenantry/connect/express'
import { fastifyConnect } from '@tenantry/connect/fastify'
import { honoConnect } from '@tenantry/connect/hono'
import { Person, uninstallRequest } from '@tenantry/connect/testing'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../../../tests/support/free-port.ts'
import { AT_EXPORTS, AT_MI6, BOND, createTestApp, type TestApp } from '../../../../tests/support/kit.ts'
import { type ServedProvider, serveTestProvider } from '../../../../tests/support/served-provider.ts'

/** A server of a framework with the kit in it, and a page of its own. */
type Serve = (connect: Connect, port: number) => Promise<() => Promise<unknown>>

const frameworks: [string, Serve][] = [
  [
    'Express 5',
    async (connect, port) => {
      const app = express()
      app.use(expressConnect(connect))
      app.get('/', (_, response) => void response.send('its own page'))
      return closing(app.listen(port, '127.0.0.1'))
    },
  ],
  [
    'Express 5 after its body parsers',
    async (connect, port) => {
      const app = express()
      app.use(express.urlencoded(), express.json({ strict: false }), express.text())
      app.use(expressConnect(connect))
      app.get('/', (_, response) => void response.send('its own page'))
      return closing(app.listen(port, '127.0.0.1'))
    },
  ],
  [
    'Fastify 5',
    async (connect, port) => {
      const app = fastify()
      fastifyConnect(app, connect)
      app.get('/', async () => 'its own page')
      await app.listen({ port, host: '127.0.0.1' })
      return () => app.close()
    },
  ],
  [
    'Hono',
    async (connect, port) => {
      const app = new Hono()
      app.use(honoConnect(connect))
      app.get('/', c => c.text('its own page'))
      return closing(createServer(getRequestListener(app.fetch)).listen(port, '127.0.0.1'))
    },
  ],
]

async function closing(server: Server) {
  if (!server.listening) await once(server, 'listening')
  return async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

describe.each(frameworks)('%s', (_, serve) => {
  let provider: ServedProvider
  let app: TestApp
  let origin: string
  let close: () => Promise<unknown>

  beforeEach(async () => {
    const port = await freePort()
    origin = `http://localhost:${port}`
    provider = await serveTestProvider({ redirectUri: `${origin}/connect/callback` })
    app = createTestApp(provider, {
      fetch,
      store: memoryStore(),
      currentAccount: request => /account=([^;]+)/.exec(request.headers.get('Cookie') ?? '')?.[1] ?? null,
      onInstall: ({ link, account }) =>
        link ? useAccount(link.accountId) : account ? useAccount(account) : createAccount(() => 'account-1'),
    })
    close = await serve(app.connect, port)
  })
  afterEach(async () => {
    await close()
    await provider.close()
  })

  it('installs, adds a company by a form, hears the uninstall, and keeps its own pages', async () => {
    const bond = new Person((input, init) => fetch(input, init), 'shaken-not-stirred')
    const callback = `${origin}/connect/callback`
    const installed = await bond.request(await bond.walk(`${origin}/connect/start`, callback, { ...BOND, company: 1 }))
    expect([installed.status, installed.headers.get('Location')]).toEqual([303, '/connect/done'])
    expect(installed.headers.getSetCookie().length).toBe(3)
    const page = await bond.request(`${origin}/connect/done`)
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Connected to')])

    const form: RequestInit = {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: origin, 'Sec-Fetch-Site': 'same-origin' },
      body: 'company=2&returnTo=%2Fnotes%3Fa%3D1%26b%3D2',
    }
    const added = await bond.request(
      await bond.walk(`${origin}/connect/start`, callback, { ...BOND, company: 2 }, form),
    )
    expect(added.status).toBe(303)
    expect(await (await bond.request(`${origin}/connect/done`)).text()).toContain('href="/notes?a=1&amp;b=2"')
    expect((await app.connect.links.ofAccount('account-1')).length).toBe(2)

    const { clientId, clientSecret } = provider.options
    const uninstall = (reference: typeof AT_MI6) =>
      fetch(uninstallRequest(callback, clientId, clientSecret, reference, provider.now()))
    expect((await uninstall(AT_EXPORTS)).status).toBe(200)
    expect((await app.connect.links.find(AT_EXPORTS))?.status).toBe('uninstalled')
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('active')

    expect((await fetch(`${origin}/connect/callback?code=x&state=y`)).status).toBe(400)
    expect((await fetch(callback, { method: 'DELETE', body: '{' })).status).toBe(401)
    const own = await fetch(origin)
    expect([own.status, await own.text()]).toEqual([200, 'its own page'])
    expect((await fetch(`${origin}/connect/elsewhere`)).status).toBe(404)
  })

  it('an adapter answers malformed hosts and methods that no request can have, instead of throwing', async () => {
    const { port } = new URL(origin)
    const send = (text: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connectTo(Number(port), '127.0.0.1', () => socket.write(text))
        let answer = ''
        socket.on('data', chunk => {
          answer += chunk
        })
        socket.on('close', () => resolve(answer))
        socket.on('error', reject)
      })
    const lines = (first: string, host: string) => `${first} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
    for (const host of ['a b', '[', 'x:y:z', 'evil.example/@', '%', '']) {
      const answer = await send(lines('GET /connect/start', host))
      expect([host, /^HTTP\/1\.1 (303|400) /.test(answer)]).toEqual([host, true])
    }
    for (const method of ['TRACE', 'PROPFIND']) {
      const answer = await send(lines(`${method} /connect/callback`, 'localhost'))
      expect([method, /^HTTP\/1\.1 40[045] /.test(answer), answer.includes('    at ')]).toEqual([method, true, false])
    }
  })
})

it('Fastify over HTTP/2 starts an install', async () => {
  const provider = await serveTestProvider({ redirectUri: 'https://app.example/connect/callback' })
  const { connect } = createTestApp(provider, { fetch, store: memoryStore() })
  const app = fastify({ http2: true })
  fastifyConnect(app as never, connect)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const session = connectHttp2(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  const stream = session.request({ ':path': '/connect/start' })
  const [headers] = (await once(stream, 'response')) as [Record<string, string>]
  expect(headers[':status']).toBe(303)
  expect(headers.location).toContain('/oauth/authorize?')
  session.close()
  await app.close()
  await provider.close()
})

it('Express hears an uninstall whose body was kept as bytes', async () => {
  const port = await freePort()
  const callback = `http://localhost:${port}/connect/callback`
  const provider = await serveTestProvider({ redirectUri: callback })
  const { connect } = createTestApp(provider, { fetch, store: memoryStore() })
  const app = express()
  app.use(express.raw({ type: '*/*' }), expressConnect(connect))
  const close = await closing(app.listen(port, '127.0.0.1'))
  const { clientId, clientSecret } = provider.options
  const answer = await fetch(uninstallRequest(callback, clientId, clientSecret, AT_MI6, provider.now()))
  expect([answer.status, await answer.json()]).toEqual([200, { message: 'There is no such link.' }])
  await close()
  await provider.close()
})

it('hooks see Express’s own request, with what middleware has put on it', async () => {
  const port = await freePort()
  const callback = `http://localhost:${port}/connect/callback`
  const provider = await serveTestProvider({ redirectUri: callback })
  const { connect } = createTestApp(provider, {
    fetch,
    store: memoryStore(),
    currentAccount: request => expressRequest<{ session: { accountId: string } }>(request).session.accountId,
  })
  const app = express()
  app.use((request, _, next) => {
    Object.assign(request, { session: { accountId: 'account-of-the-session' } })
    next()
  })
  app.use(expressConnect(connect))
  const close = await closing(app.listen(port, '127.0.0.1'))
  const headers = { Origin: `http://localhost:${port}`, 'Sec-Fetch-Site': 'same-origin' }
  const answer = await fetch(`http://localhost:${port}/connect/start`, { method: 'POST', headers, redirect: 'manual' })
  expect(answer.status).toBe(303)
  expect(() => expressRequest(new Request('http://localhost/'))).toThrow(TypeError)
  await close()
  await provider.close()
})
