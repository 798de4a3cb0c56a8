import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import OidcProvider from 'oidc-provider'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, newContext } from './support/chromium.ts'
import type { Client } from './support/client.ts'
import { freePort } from './support/free-port.ts'
import { BOND, MI6, MONEYPENNY, startProvider, type TestProvider } from './support/provider.ts'

const EMAIL = 'james.bond@mi6.example'
const PASSWORD = 'from-russia-with-love'
/** What the platforms' own tables say: who is who at the provider. */
const userIds = new Map([
  [EMAIL, BOND],
  ['eve.moneypenny@mi6.example', MONEYPENNY],
])

let browser: Browser
const servers: Server[] = []

beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

async function listen(listener: RequestListener, port = 0): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

/** An app of which only the callback is looked at. */
async function appAt(provider: TestProvider): Promise<{ client: Client; callback: string }> {
  const callback = `${await listen((_, response) => response.end('back at the app'))}/callback`
  return { client: await provider.registerApp({ redirectUris: [callback], scopes: ['base'] }), callback }
}

/** Goes from the consent page to the app, and asks who the person is there. */
async function allow(page: Page, client: Client) {
  await page.click('button[value=allow]')
  await page.waitForURL(/\/callback\?/)
  const code = new URL(page.url()).searchParams.get('code')!
  const { access_token } = await client.tokens(code)
  return ((await (await client.me(access_token)).json()) as { data: { id: number; company_id: number } }).data
}

async function inBrowser<Result>(work: (page: Page, context: BrowserContext) => Promise<Result>): Promise<Result> {
  const context = await newContext(browser)
  try {
    return await work(await context.newPage(), context)
  } finally {
    await context.close()
  }
}

describe('a platform whose sign-in is better-auth, with the provider mounted in it', () => {
  let origin: string
  let provider: TestProvider
  let client: Client

  beforeAll(async () => {
    const port = await freePort()
    origin = `http://localhost:${port}`
    const auth = betterAuth({
      baseURL: origin,
      secret: 'a secret of the platform that is long enough',
      database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
      emailAndPassword: { enabled: true },
      telemetry: { enabled: false },
    })
    provider = await startProvider({
      origin: `${origin}/id`,
      clock: Date.now,
      login: {
        signIn: async (request, { returnTo, reauthenticate }) => {
          const session = await auth.api.getSession({ headers: request.headers })
          const userId = userIds.get(session?.user.email ?? '')
          if (session && userId !== undefined && !reauthenticate) {
            return { user_id: userId, auth_time: Math.floor(session.session.createdAt.getTime() / 1000), amr: ['pwd'] }
          }
          return Response.redirect(`${origin}/login?${new URLSearchParams({ next: returnTo })}`, 303)
        },
      },
    })
    client = (await appAt(provider)).client
    for (const [email] of userIds) await auth.api.signUpEmail({ body: { email, password: PASSWORD, name: 'x' } })
    const authHandler = toNodeHandler(auth)
    const tenantry = getRequestListener(request => provider.tenantry.fetch(request))
    await listen((request, response) => {
      if (request.url!.startsWith('/api/auth/')) return void authHandler(request, response)
      if (request.url!.startsWith('/id')) return void tenantry(request, response)
      response.setHeader('Content-Type', 'text/html').end(LOGIN_PAGE)
    }, port)
  })
  afterAll(() => provider?.close())

  const authorizeUrl = (more = {}) => `${origin}/id${client.authorizePath(more)}`

  async function signIn(page: Page, email = EMAIL) {
    await page.waitForURL(/\/login\?/)
    await page.fill('input[name=email]', email)
    await page.fill('input[name=password]', PASSWORD)
    await page.click('button')
  }

  it('a person signs in on the platform’s page, chooses a company and allows the app', async () => {
    const me = await inBrowser(async page => {
      await page.goto(authorizeUrl())
      await signIn(page)
      await page.click(`label:has(input[value="${MI6}"])`)
      await page.click('main form button[type=submit]')
      return allow(page, client)
    })
    expect(me).toMatchObject({ id: BOND, company_id: MI6 })
  })

  it('a person who is signed in at the platform is not asked, and signing out there ends it here', async () => {
    await inBrowser(async (page, context) => {
      await page.goto(`${origin}/login?next=${encodeURIComponent(`${origin}/id/connected-apps`)}`)
      await signIn(page)
      await page.waitForURL(/\/id\/connected-apps$/)
      await context.request.post(`${origin}/api/auth/sign-out`, { headers: { Origin: origin }, data: {} })
      await page.goto(`${origin}/id/connected-apps`)
      expect(page.url()).toContain('/login?')
    })
  })

  it('a form that one person was shown does nothing once another is signed in at the platform', async () => {
    await inBrowser(async (page, context) => {
      await page.goto(authorizeUrl())
      await signIn(page)
      await page.click(`label:has(input[value="${MI6}"])`)
      await page.click('main form button[type=submit]')
      await page.waitForSelector('button[value=allow]')
      const other = await context.newPage()
      await other.goto(`${origin}/login?next=${encodeURIComponent(`${origin}/id/connected-apps`)}`)
      await signIn(other, 'eve.moneypenny@mi6.example')
      await other.waitForURL(/\/id\/connected-apps$/)
      await Promise.all([page.waitForNavigation(), page.click('button[value=allow]')])
      expect(page.url()).toMatch(/^http:\/\/localhost:\d+\/id\/oauth\/authorize\/consent$/)
      expect(await page.textContent('main')).toContain('Nothing was changed')
    })
  })

  it('“use another account” leads to the platform’s page though someone is signed in', async () => {
    await inBrowser(async page => {
      await page.goto(authorizeUrl())
      await signIn(page)
      await page.waitForURL(/oauth\/authorize/)
      await page.goto(authorizeUrl({ prompt: 'select_account' }))
      expect(page.url()).toContain('/login?')
    })
  })
})

const LOGIN_PAGE = `<!doctype html><title>Platform</title>
<form><input name="email"><input name="password" type="password"><button>Sign in</button></form>
<script>
document.querySelector('form').onsubmit = async event => {
  event.preventDefault()
  const { email, password } = Object.fromEntries(new FormData(event.target))
  const answer = await fetch('/api/auth/sign-in/email', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password }),
  })
  if (answer.ok) location.href = new URLSearchParams(location.search).get('next')
}
</script>`

describe('a platform whose sign-in is oidc-provider, at another address', () => {
  let provider: TestProvider
  let origin: string
  let client: Client

  beforeAll(async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const oidcPort = await freePort()
    const oidcOrigin = `http://localhost:${oidcPort}`
    const platformPort = await freePort()
    const platform = `http://127.0.0.1:${platformPort}`
    const oidc = new OidcProvider(oidcOrigin, {
      clients: [
        {
          client_id: 'platform',
          client_secret: 'a secret that both sides know',
          redirect_uris: [`${platform}/callback`],
          grant_types: ['authorization_code'],
          response_types: ['code'],
        },
      ],
      pkce: { required: () => false },
      // Its own pages take any name, and make it the subject.
      features: { devInteractions: { enabled: true } },
      findAccount: async (_, sub) => ({ accountId: sub, claims: async () => ({ sub }) }),
      cookies: { keys: ['a key of the test'] },
      ttl: { AccessToken: 3600, Grant: 3600, Interaction: 600, Session: 3600, IdToken: 3600 },
    })
    await listen(oidc.callback(), oidcPort)

    const providerPort = await freePort()
    origin = `http://localhost:${providerPort}`
    provider = await startProvider({
      origin,
      clock: Date.now,
      login: {
        url: `${platform}/login`,
        publicKeys: { keys: [{ ...(await exportJWK(publicKey)), kid: 'one' }] },
      },
    })
    client = (await appAt(provider)).client
    const tenantry = getRequestListener(request => provider.tenantry.fetch(request))
    await listen(tenantry, providerPort)

    // The platform's page: a client of its identity provider, which signs what it learns.
    await listen(async (request, response) => {
      const url = new URL(request.url!, platform)
      const redirect = (to: string) => response.writeHead(303, { Location: to }).end()
      if (url.pathname === '/login') {
        const query = new URLSearchParams({
          client_id: 'platform',
          response_type: 'code',
          scope: 'openid',
          redirect_uri: `${platform}/callback`,
          state: url.searchParams.get('login_challenge')!,
        })
        return redirect(`${oidcOrigin}/auth?${query}`)
      }
      const answer = await fetch(`${oidcOrigin}/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${btoa('platform:a%20secret%20that%20both%20sides%20know')}` },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: url.searchParams.get('code')!,
          redirect_uri: `${platform}/callback`,
        }),
      })
      const { id_token } = (await answer.json()) as { id_token: string }
      const { sub } = JSON.parse(Buffer.from(id_token.split('.')[1]!, 'base64url').toString()) as { sub: string }
      const signed = await new SignJWT({ challenge: url.searchParams.get('state'), user_id: userIds.get(sub) })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setAudience(origin)
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(privateKey)
      redirect(`${origin}/sign-in/return?response=${signed}`)
    }, platformPort)
  })
  afterAll(() => provider?.close())

  it('a person signs in there, chooses a company and allows the app', async () => {
    const me = await inBrowser(async page => {
      await page.goto(`${origin}${client.authorizePath()}`)
      await page.fill('input[name=login]', EMAIL)
      await page.fill('input[name=password]', 'anything')
      await page.click('button[type=submit]')
      await page.waitForURL(/interaction/)
      await page.click('button[type=submit]')
      await page.click(`label:has(input[value="${MI6}"])`)
      await page.click('main form button[type=submit]')
      return allow(page, client)
    })
    expect(me).toMatchObject({ id: BOND, company_id: MI6 })
  })
})
