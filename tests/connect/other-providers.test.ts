import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Connect,
  createAccount,
  createConnect,
  memoryStore,
  type Provider,
  tenantry,
  useAccount,
} from '@tenantry/connect'
import { Person } from '@tenantry/connect/testing'
import { OAuth2Server } from 'oauth2-mock-server'
import OidcProvider from 'oidc-provider'
import { v1 as pipedrive } from 'pipedrive'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { APP_CALLBACK, AT_MI6, BOND, createTestApp, KEY } from '../support/kit.ts'
import { serveTestProvider } from '../support/served-provider.ts'

const CALLBACK = 'http://localhost:3999/connect/callback'
const START = 'http://localhost:3999/connect/start'

/** A kit whose time can be moved; the third-party server uses the real time. */
function connectTo(provider: Provider, accounts: string[], now: () => number): Connect {
  return createConnect({
    provider,
    clientId: 'field-notes',
    clientSecret: 'a secret that both sides know',
    redirectUri: CALLBACK,
    scopes: ['openid', 'offline_access'],
    store: memoryStore(),
    encryptionKeys: [KEY],
    clock: now,
    onInstall: ({ link, identity }) =>
      link
        ? useAccount(link.accountId)
        : createAccount(() => {
            accounts.push(identity.key)
            return `account-${accounts.length}`
          }),
    onError: error => console.error(error),
  })
}

/** A person whose browser reaches the app by its handler and the other provider over the network. */
function personWith(connect: Connect): Person {
  return new Person(async (input, init) => {
    const request = new Request(input, init)
    return request.url.startsWith(new URL(CALLBACK).origin)
      ? connect.handler(request)
      : fetch(request, { redirect: 'manual' })
  }, 'no password')
}

async function listen(handler: Parameters<typeof createServer>[1]): Promise<{ server: Server; origin: string }> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, origin: `http://localhost:${(server.address() as AddressInfo).port}` }
}

/** Its subject says both: `company/user`. */
const readIdentity: Provider['readIdentity'] = answer => {
  const claims = answer as { sub: string; name?: string; locale?: string; company_name?: string }
  const [companyId, userId] = claims.sub.split('/').map(Number) as [number, number]
  return {
    companyId,
    userId,
    name: claims.name ?? '',
    email: null,
    phone: null,
    locale: claims.locale ?? null,
    timeZone: null,
    currency: null,
    isAdmin: false,
    roleId: null,
    companyName: claims.company_name ?? null,
    companyDomain: null,
  }
}

describe('oidc-provider', () => {
  let server: Server
  let origin: string
  let connect: Connect
  let ahead = 0
  const accounts: string[] = []

  beforeAll(async () => {
    let callback: ReturnType<OidcProvider['callback']> | undefined
    ;({ server, origin } = await listen((request, response) => callback?.(request, response)))
    const oidc = new OidcProvider(origin, {
      clients: [
        {
          client_id: 'field-notes',
          client_secret: 'a secret that both sides know',
          redirect_uris: [CALLBACK],
          grant_types: ['authorization_code', 'refresh_token'],
          response_types: ['code'],
          application_type: 'native',
        },
      ],
      claims: { openid: ['sub', 'name', 'locale', 'company_name'] },
      features: { devInteractions: { enabled: false }, revocation: { enabled: true }, userinfo: { enabled: true } },
      findAccount: async (_, sub) => ({
        accountId: sub,
        claims: async () => ({ sub, name: 'James Bond', locale: 'pt-BR', company_name: 'Universal Exports' }),
      }),
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      issueRefreshToken: async () => true,
      cookies: { keys: ['a key of the test'] },
      ttl: { AccessToken: 3600, Grant: 86_400, Interaction: 600, Session: 86_400, IdToken: 3600, RefreshToken: 86_400 },
    })
    // Signs Bond in at company 2 and allows whatever is asked, where a person would be shown pages.
    oidc.use(async (context, next) => {
      if (!context.path.startsWith('/interaction/')) return next()
      const details = await oidc.interactionDetails(context.req, context.res)
      const accountId = details.session?.accountId ?? '2/777'
      const grant = new oidc.Grant({ accountId, clientId: String(details.params.client_id) })
      grant.addOIDCScope('openid offline_access')
      const result = { login: { accountId }, consent: { grantId: await grant.save() } }
      context.redirect(await oidc.interactionResult(context.req, context.res, result))
    })
    callback = oidc.callback()
    connect = connectTo(
      {
        name: 'oidc-provider',
        issuer: origin,
        requiresIss: true,
        authorizationEndpoint: `${origin}/auth`,
        tokenEndpoint: `${origin}/token`,
        revocationEndpoint: `${origin}/token/revocation`,
        identityEndpoint: `${origin}/me`,
        readIdentity,
        apiDomain: origin,
        apiHosts: [new URL(origin).host],
        authorizationParameters: { prompt: 'consent' },
      },
      accounts,
      () => Date.now() + ahead,
    )
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it('completes the flow, refreshes, and ends', async () => {
    const person = personWith(connect)
    const answer = await person.request(await person.walk(START, CALLBACK, { email: '' }))
    expect(answer.status).toBe(303)
    const page = await person.request(new URL(answer.headers.get('Location')!, CALLBACK))
    expect(page.headers.get('Content-Language')).toBe('pt')
    expect(accounts).toEqual(['oidc-provider:2:777'])
    const reference = { companyId: 2, userId: 777 }
    const first = await connect.accessToken(reference)
    ahead += 3_600_000
    const second = await connect.accessToken(reference)
    expect(second).not.toBe(first)
    expect((await connect.fetch(reference, '/me')).status).toBe(200)
    await connect.disconnect(reference)
    const me = await fetch(`${origin}/me`, { headers: { Authorization: `Bearer ${second}` } })
    expect(me.status).toBe(401)
  })
})

describe('oauth2-mock-server', () => {
  let provider: OAuth2Server
  let connect: Connect
  let ahead = 0
  const accounts: string[] = []

  beforeEach(async () => {
    provider = new OAuth2Server()
    await provider.issuer.keys.generate('RS256')
    await provider.start(0, 'localhost')
    const issuer = provider.issuer.url!
    provider.service.on('beforeUserinfo', (answer: { body: object }) => {
      answer.body = { sub: '5/42', name: 'Q', locale: 'en-GB' }
    })
    connect = connectTo(
      {
        name: 'mock',
        issuer,
        authorizationEndpoint: `${issuer}/authorize`,
        tokenEndpoint: `${issuer}/token`,
        identityEndpoint: '/userinfo',
        readIdentity,
        apiDomain: issuer,
        apiHosts: [new URL(issuer).host],
        clientAuthentication: 'post',
      },
      accounts,
      () => Date.now() + ahead,
    )
  })
  afterEach(() => provider.stop())

  it('completes the flow, refreshes, and marks the link once it refuses', async () => {
    const person = personWith(connect)
    const answer = await person.request(await person.walk(START, CALLBACK, { email: '' }))
    expect(answer.status).toBe(303)
    expect(accounts).toEqual(['mock:5:42'])
    const reference = { companyId: 5, userId: 42 }
    const first = await connect.accessToken(reference)
    ahead += 7_200_000
    await new Promise(resolve => setTimeout(resolve, 1100))
    expect(await connect.accessToken(reference)).not.toBe(first)
    ahead += 7_200_000
    provider.service.once('beforeResponse', (response: { statusCode: number; body: object }) => {
      response.statusCode = 400
      response.body = { error: 'invalid_grant' }
    })
    await expect(connect.accessToken(reference)).rejects.toMatchObject({ code: 'needs_reauthorization' })
    expect((await connect.links.find(reference))?.status).toBe('needs_reauthorization')
  })
})

describe('the official pipedrive package', () => {
  it('calls the API with tokens of the kit, as the guide to moving says', async () => {
    const provider = await serveTestProvider({ redirectUri: APP_CALLBACK, app: { profile: 'pipedrive' } })
    const { connect } = createTestApp(provider)
    expect((await provider.install(connect, { ...BOND, company: 2 })).status).toBe(303)
    const config = new pipedrive.Configuration({
      basePath: `${provider.origin}/api/v1`,
      accessToken: () => connect.accessToken({ companyId: 2, userId: 777 }),
    })
    provider.pass(3_600_000)
    const { data } = await new pipedrive.UsersApi(config).getCurrentUser()
    expect(data).toMatchObject({ id: 777, company_id: 2, company_name: 'Universal Exports' })
    await provider.close()
  })
})

describe('a provider’s API that redirects to another host', () => {
  it('a provider API that redirects to another host never gets the token sent there', async () => {
    const seen: (string | undefined)[] = []
    const elsewhere = await listen((request, response) => {
      seen.push(request.headers.authorization)
      response.end('{}')
    })
    const api = await listen((request, response) => {
      response.writeHead(302, { Location: `${elsewhere.origin.replace('localhost', '127.0.0.1')}${request.url}` }).end()
    })
    const provider = await serveTestProvider({ redirectUri: APP_CALLBACK })
    const { connect } = createTestApp(provider, {
      provider: tenantry({ issuer: provider.origin, apiHosts: [new URL(api.origin).host] }),
      fetch,
    })
    await provider.install(connect, { ...BOND, company: 1 })
    expect((await connect.fetch(AT_MI6, `${api.origin}/deals`)).status).toBe(200)
    expect(seen).toEqual([undefined])
    for (const { server } of [elsewhere, api]) {
      server.closeAllConnections()
      server.close()
    }
    await provider.close()
  })
})
