import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { createResourceServer, rotateResourceServerSecret, setActive, setCompany, type Tenantry } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../../tests/support/client.ts'
import { BOND, MI6, startProvider, type TestProvider, UNIVERSAL_EXPORTS } from '../../../tests/support/provider.ts'
import { expressCaller, expressMetadata, expressProtect } from './adapters/express.ts'
import { fastifyCaller, fastifyMetadata, fastifyProtect } from './adapters/fastify.ts'
import { honoCaller, honoMetadata, honoProtect } from './adapters/hono.ts'
import { type Caller, isResourceError, type Protected, protect, type ResourceOptions } from './index.ts'

const DESK = 'https://desk.example/c/{company_domain}/mcp'
const at = (domain: string) => DESK.replace('{company_domain}', domain)

describe('a protected resource', () => {
  let tenantry: Tenantry
  let provider: TestProvider
  let issuer: string
  let server: Server
  let connections: number
  let requests: string[]
  let client: Client
  let desk: Protected
  let id: number
  let credentials: ResourceOptions['credentials']

  beforeEach(async () => {
    requests = []
    connections = 0
    server = createServer(
      getRequestListener(async request => {
        requests.push(await request.clone().text())
        return tenantry.fetch(request)
      }),
    ).listen(0, '127.0.0.1')
    server.on('connection', () => connections++)
    await new Promise(resolve => server.once('listening', resolve))
    issuer = `http://localhost:${(server.address() as AddressInfo).port}`
    provider = await startProvider({ origin: issuer })
    tenantry = provider.tenantry
    const { resourceServer, clientSecret } = await createResourceServer(provider.runtime, {
      name: 'Desk',
      identifier: DESK,
      scopes: { 'desk:use': { en: 'Use the desk' }, 'desk:write': { en: 'Write' } },
      describesUsers: true,
    })
    id = resourceServer.resourceServerId
    credentials = { clientId: resourceServer.clientId, clientSecret }
    client = await provider.registerApp({ scopes: ['base', 'desk:use', 'desk:write'] })
    desk = make()
  })
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await provider.close()
  })

  const make = (options: Partial<ResourceOptions> = {}) =>
    protect({ issuer, identifier: DESK, credentials, scopes: ['desk:use'], name: 'Company desk', ...options })

  async function token(domain = 'casinoroyale', scope = 'desk:use') {
    const code = await provider.person().code(client, {}, { resource: at(domain), scope })
    return (await client.tokens(code)).access_token
  }

  const call = (path: string, accessToken?: string, resource = desk, ...scopes: string[]) =>
    resource.check({ url: path, authorization: accessToken && `Bearer ${accessToken}` }, scopes)
  async function refusal(asked: Promise<Caller>) {
    const error = await asked.then(
      () => undefined,
      (error: unknown) => error,
    )
    if (!isResourceError(error)) throw error ?? new Error('it was not refused')
    return { status: error.status, code: error.code, challenge: error.headers['WWW-Authenticate'] }
  }

  it('check tells whom a token speaks for: user, company, app and who that is there', async () => {
    expect(await call('/c/casinoroyale/mcp', await token())).toMatchObject({
      companyId: MI6,
      userId: BOND,
      subject: `c${MI6}-u${BOND}`,
      clientId: client.id,
      scopes: ['desk:use'],
      companyDomain: 'casinoroyale',
      resource: at('casinoroyale'),
      claims: { name: 'James Bond', locale: 'en-US', company_name: 'MI6' },
    })
    expect(await call('/c/universal-exports/mcp/deeper?x=1', await token('universal-exports'))).toMatchObject({
      companyId: UNIVERSAL_EXPORTS,
    })
  })

  it('[OA-64] a token of one company is refused at the address of another, with the right metadata', async () => {
    const mi6 = await token()
    expect(await refusal(call('/c/universal-exports/mcp', mi6))).toEqual({
      status: 401,
      code: 'invalid_token',
      challenge:
        'Bearer error="invalid_token", error_description="The access token is for another address.", ' +
        'resource_metadata="https://desk.example/.well-known/oauth-protected-resource/c/universal-exports/mcp"',
    })
    // The address moves with the domain of the company.
    await setCompany(provider.runtime, MI6, { domain: 'thunderball' })
    expect((await refusal(call('/c/casinoroyale/mcp', mi6))).status).toBe(401)
    expect(await call('/c/thunderball/mcp', mi6)).toMatchObject({ companyId: MI6 })
  })

  it('[OA-32] without a token, with a bad one or without a scope it says what to do', async () => {
    const metadata = 'resource_metadata="https://desk.example/.well-known/oauth-protected-resource/c/casinoroyale/mcp"'
    expect(await refusal(call('/c/casinoroyale/mcp'))).toEqual({
      status: 401,
      code: 'unauthorized',
      challenge: `Bearer scope="desk:use", ${metadata}`,
    })
    const platform = await client.tokens(await provider.person().code(client, { company: MI6 }, { scope: 'base' }))
    for (const bad of ['garbage', platform.access_token, platform.refresh_token, 'a b']) {
      expect(await refusal(call('/c/casinoroyale/mcp', bad))).toMatchObject({ status: 401, code: 'invalid_token' })
    }
    expect(await refusal(call('/c/casinoroyale/mcp', await token(), desk, 'desk:write'))).toEqual({
      status: 403,
      code: 'insufficient_scope',
      challenge: `Bearer error="insufficient_scope", error_description="The access token lacks the scope desk:write.", scope="desk:use desk:write", ${metadata}`,
    })
    for (const path of ['/', '/c/casinoroyale', '/c/casinoroyale/mcpx', '/c/Casino/mcp', '/c/a/b/mcp', '/c//mcp']) {
      expect([path, await refusal(call(path, 'x'))]).toMatchObject([path, { status: 404 }])
    }
  })

  it('[OA-33] what is revoked is refused at the next request', async () => {
    const accessToken = await token()
    await call('/c/casinoroyale/mcp', accessToken)
    await setActive(provider.runtime, BOND, false)
    expect((await refusal(call('/c/casinoroyale/mcp', accessToken))).status).toBe(401)
  })

  it('many requests at once share a connection and few questions, and each gets its own answer', async () => {
    const [mi6, exports] = [await token(), await token('universal-exports')]
    requests = []
    connections = 0
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) => {
        const [domain, accessToken] = index % 3 === 0 ? ['casinoroyale', mi6] : ['universal-exports', exports]
        return index % 10 === 9
          ? refusal(call(`/c/${domain}/mcp`, `${accessToken}x`))
          : call(`/c/${domain}/mcp`, accessToken)
      }),
    )
    answers.forEach((answer, index) => {
      if (index % 10 === 9) expect(answer).toMatchObject({ status: 401 })
      else expect(answer).toMatchObject({ companyId: index % 3 === 0 ? MI6 : UNIVERSAL_EXPORTS })
    })
    expect(requests.length).toBeLessThanOrEqual(4)
    // The one before may not be free yet when the next question is sent.
    expect(connections).toBeLessThanOrEqual(2)
  })

  it('a provider that does not answer, or does not know this server, is no fault of the client', async () => {
    const accessToken = await token()
    const nowhere = make({ issuer: 'http://localhost:9' })
    expect(await refusal(call('/c/casinoroyale/mcp', accessToken, nowhere))).toMatchObject({
      status: 503,
      code: 'unavailable',
    })
    const slow = make({
      timeout: 50,
      fetch: (_url, init) =>
        new Promise((_, reject) => init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason))),
    })
    expect(await refusal(call('/c/casinoroyale/mcp', accessToken, slow))).toMatchObject({ status: 503 })
    for (const body of ['{}', 'null', '{"results":[]}', 'no JSON']) {
      const odd = make({ fetch: async () => new Response(body) })
      expect([body, await refusal(call('/c/casinoroyale/mcp', accessToken, odd))]).toMatchObject([
        body,
        { status: 503 },
      ])
    }
    await rotateResourceServerSecret(provider.runtime, id)
    expect(await refusal(call('/c/casinoroyale/mcp', accessToken))).toMatchObject({ status: 500 })
    // It goes on afterwards.
    expect(await refusal(call('/c/casinoroyale/mcp', accessToken))).toMatchObject({ status: 500 })
  })

  it('the metadata of each address names the provider', () => {
    const path = '/.well-known/oauth-protected-resource'
    expect(desk.metadata({ url: `${path}/c/casinoroyale/mcp` })).toEqual({
      resource: at('casinoroyale'),
      authorization_servers: [issuer],
      scopes_supported: ['desk:use'],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'PS256', 'RS256'],
      resource_name: 'Company desk',
    })
    for (const other of [path, `${path}/c/x`, '/c/casinoroyale/mcp', `${path}x/c/casinoroyale/mcp`]) {
      expect(desk.metadata({ url: other })).toBeUndefined()
    }
    const one = make({ identifier: 'https://notes.example' })
    expect(one.metadata({ url: path })).toMatchObject({ resource: 'https://notes.example' })
    const hosts = make({ identifier: 'https://{company_domain}.desk.example/mcp' })
    expect(hosts.metadata({ url: `${path}/mcp`, host: 'acme.desk.example' })).toMatchObject({
      resource: 'https://acme.desk.example/mcp',
    })
    expect(hosts.metadata({ url: `${path}/mcp`, host: 'evil.example' })).toBeUndefined()
  })

  it('options that make no sense are refused at once', () => {
    expect(() => make({ identifier: 'urn:notes' })).toThrow(/identifier: urn:notes/)
    expect(() => make({ issuer: 'id' })).toThrow(/issuer: id/)
  })

  describe.each([
    ['Express', serveExpress],
    ['Fastify', serveFastify],
    ['Hono', serveHono],
  ])('in %s', (name, serve) => {
    let origin: string
    let stop: () => unknown

    beforeEach(async () => {
      ;({ origin, stop } = await serve(() => desk))
    })
    afterEach(() => stop())

    it(`${name} protects a route, and others not; the metadata is there for pages of any origin`, async () => {
      const accessToken = await token()
      const headers = { Authorization: `Bearer ${accessToken}` }
      const allowed = await fetch(`${origin}/c/casinoroyale/mcp`, { headers })
      expect([allowed.status, await allowed.json()]).toEqual([200, { companyId: MI6, userId: BOND }])
      const crossed = await fetch(`${origin}/c/universal-exports/mcp`, { headers })
      expect([crossed.status, crossed.headers.get('WWW-Authenticate')]).toEqual([
        401,
        expect.stringContaining('universal-exports'),
      ])
      expect(await crossed.json()).toMatchObject({ error: 'invalid_token' })
      expect((await fetch(`${origin}/c/casinoroyale/mcp`)).status).toBe(401)
      expect((await fetch(`${origin}/c/casinoroyale/mcp/write`, { headers })).status).toBe(403)
      expect((await fetch(`${origin}/open`)).status).toBe(200)
      const metadata = await fetch(`${origin}/.well-known/oauth-protected-resource/c/casinoroyale/mcp`)
      expect([metadata.status, metadata.headers.get('Access-Control-Allow-Origin')]).toEqual([200, '*'])
      expect(await metadata.json()).toMatchObject({ resource: at('casinoroyale') })
    })
  })
})

type Serve = Promise<{ origin: string; stop(): unknown }>
const who = ({ companyId, userId }: Caller) => ({ companyId, userId })
const originOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

async function serveExpress(desk: () => Protected): Serve {
  const app = express()
  app.use(expressMetadata(desk()))
  app.get('/open', (_request, response) => void response.send('open'))
  app.get(
    '/c/:domain/mcp',
    expressProtect(desk()),
    (request, response) => void response.json(who(expressCaller(request))),
  )
  app.get('/c/:domain/mcp/write', expressProtect(desk(), 'desk:write'), (_request, response) => void response.send('x'))
  const server = app.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  return { origin: originOf(server), stop: () => server.close() }
}

async function serveFastify(desk: () => Protected): Serve {
  const app = fastify()
  fastifyMetadata(app, desk())
  app.get('/open', async () => 'open')
  app.get('/c/:domain/mcp', { onRequest: fastifyProtect(desk()) }, async request => who(fastifyCaller(request)))
  app.get('/c/:domain/mcp/write', { onRequest: fastifyProtect(desk(), 'desk:write') }, async () => 'x')
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { origin: originOf(app.server), stop: () => app.close() }
}

async function serveHono(desk: () => Protected): Serve {
  const app = new Hono()
  app.use(honoMetadata(desk()))
  app.get('/open', c => c.text('open'))
  app.get('/c/:domain/mcp', honoProtect(desk()), c => c.json(who(honoCaller(c))))
  app.get('/c/:domain/mcp/write', honoProtect(desk(), 'desk:write'), c => c.text('x'))
  const server = createServer(getRequestListener(app.fetch)).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  return { origin: originOf(server), stop: () => server.close() }
}
