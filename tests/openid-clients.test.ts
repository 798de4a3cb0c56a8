import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { exportJWK, generateKeyPair } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasApacheWithOpenid, startApache } from './support/apache.ts'
import { makeTestDatabase, type TestDatabase } from './support/database.ts'
import { hasPackage } from './support/debian-package.ts'
import { navigate } from './support/navigate.ts'
import { startOidcAgent } from './support/oidc-agent.ts'
import { Person } from './support/person.ts'
import { SandboxBrowser } from './support/sandbox-browser.ts'
import {
  REPOSITORY,
  type RunningSandbox,
  runCommand,
  startSandbox,
  temporaryFolder,
} from './support/sandbox-process.ts'

const REDIRECT_URI = 'http://127.0.0.1:5999/callback'
const AFTERWARDS = 'http://127.0.0.1:5999/bye'
const SCOPE = 'openid profile email offline_access'

/** Authlib's client sends its requests by a package that it only recommends. */
function hasAuthlib(): boolean {
  const packages = '/usr/lib/python3/dist-packages'
  return hasPackage('python3-authlib', `${packages}/authlib`) && hasPackage('python3-requests', `${packages}/requests`)
}

describe('OpenID Connect clients as they are', () => {
  const folder = temporaryFolder()
  let database: TestDatabase
  let sandbox: RunningSandbox
  let issuer: URL
  let app: { client_id: string; client_secret: string }

  beforeAll(async () => {
    database = await makeTestDatabase()
    sandbox = await startSandbox(database.flags)
    issuer = new URL(sandbox.facts.origin)
    app = await register('Field Notes', REDIRECT_URI, '--post-logout-redirect-uri', AFTERWARDS)
  })
  afterAll(async () => {
    await sandbox?.stop()
    await database?.remove()
    folder.remove()
  })

  async function register(name: string, redirectUri: string, ...more: string[]) {
    const scope = ['--scope', SCOPE]
    const { stdout, stderr } = await runCommand([
      ...['app', 'create', ...database.flags, '--json', '--name', name, '--redirect-uri', redirectUri],
      ...scope,
      ...more,
    ])
    expect(stderr).toBe('')
    return JSON.parse(stdout) as typeof app
  }

  /** What a client must learn of Bond at a company. */
  const bondAt = (company: number) => ({ sub: `c${company}-u777`, company_id: company, user_id: 777 })

  it.each([1, 2])('openid-client signs in, at company %i: ID token, userinfo, refresh, logout', async company => {
    const browser = new SandboxBrowser(sandbox)
    const authentication = openid.ClientSecretBasic(app.client_secret)
    const options = { execute: [openid.allowInsecureRequests] }
    const config = await openid.discovery(issuer, app.client_id, undefined, authentication, options)
    const verifier = openid.randomPKCECodeVerifier()
    const [state, nonce] = [openid.randomState(), openid.randomNonce()]
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT_URI,
      scope: SCOPE,
      state,
      nonce,
      max_age: '300',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    const tokens = await openid.authorizationCodeGrant(config, await browser.allow(url.href, company), {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
      maxAge: 300,
    })
    expect(tokens.claims()).toMatchObject({ ...bondAt(company), email_verified: false })
    const userinfo = await openid.fetchUserInfo(config, tokens.access_token, `c${company}-u777`)
    expect(userinfo).toMatchObject({ ...bondAt(company), name: tokens.claims()!.name })

    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token!)
    expect(refreshed.claims()).toMatchObject({ ...bondAt(company), auth_time: tokens.claims()!.auth_time })

    const logout = openid.buildEndSessionUrl(config, {
      post_logout_redirect_uri: AFTERWARDS,
      id_token_hint: refreshed.id_token!,
      state: 'over',
    })
    const answer = await browser.person.request(logout.pathname + logout.search)
    expect(answer.headers.get('Location')).toBe(`${AFTERWARDS}?state=over`)
    expect((await browser.person.request('/connected-apps')).status).toBe(303)
  })

  it('openid-client pushes its request, and the address of the browser holds nothing of it', async () => {
    const options = { execute: [openid.allowInsecureRequests] }
    const authentication = openid.ClientSecretPost(app.client_secret)
    const config = await openid.discovery(issuer, app.client_id, undefined, authentication, options)
    const verifier = openid.randomPKCECodeVerifier()
    const [state, nonce] = [openid.randomState(), openid.randomNonce()]
    const url = await openid.buildAuthorizationUrlWithPAR(config, {
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
    const tokens = await openid.authorizationCodeGrant(config, await new SandboxBrowser(sandbox).allow(url.href, 2), {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
    })
    expect(tokens.claims()).toMatchObject(bondAt(2))
  })

  it('[OA-27] openid-client binds its tokens to a key: code, refresh, userinfo and /users/me', async () => {
    const options = { execute: [openid.allowInsecureRequests] }
    const authentication = openid.ClientSecretBasic(app.client_secret)
    const config = await openid.discovery(issuer, app.client_id, undefined, authentication, options)
    for (const algorithm of ['ES256', 'EdDSA', 'PS256']) {
      const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair(algorithm))
      const verifier = openid.randomPKCECodeVerifier()
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: REDIRECT_URI,
        scope: SCOPE,
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        dpop_jkt: await DPoP.calculateThumbprint(),
      })
      const checks = { pkceCodeVerifier: verifier, idTokenExpected: true }
      const answer = await new SandboxBrowser(sandbox).allow(url.href, 2)
      const tokens = await openid.authorizationCodeGrant(config, answer, checks, undefined, { DPoP })
      expect(tokens.token_type).toBe('dpop')
      const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token!, undefined, { DPoP })
      const userinfo = await openid.fetchUserInfo(config, refreshed.access_token, 'c2-u777', { DPoP })
      expect(userinfo).toMatchObject(bondAt(2))
      const stolen = await openid.fetchUserInfo(config, refreshed.access_token, 'c2-u777').catch(error => error)
      expect(stolen).toBeInstanceOf(Error)
    }
  })

  it.each([1, 2])('[OA-61] openid-client signs in a device, at company %i', { timeout: 60_000 }, async company => {
    const options = { execute: [openid.allowInsecureRequests] }
    const authentication = openid.ClientSecretBasic(app.client_secret)
    const config = await openid.discovery(issuer, app.client_id, undefined, authentication, options)
    const device = await openid.initiateDeviceAuthorization(config, { scope: SCOPE })
    const polled = openid.pollDeviceAuthorizationGrant(config, device)
    const link = device.verification_uri_complete!
    expect((await new SandboxBrowser(sandbox).allowDevice(link, company)).text).toContain('Your device is connected')
    const tokens = await polled
    expect(tokens.claims()).toMatchObject(bondAt(company))
    expect(await openid.fetchUserInfo(config, tokens.access_token, `c${company}-u777`)).toMatchObject(bondAt(company))
  })

  it('openid-client signs its requests, and authenticates by keys at an address', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] }
    const server = createServer((_, response) => response.end(JSON.stringify(keys))).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
    const { client_id } = await register('At an address', REDIRECT_URI, '--jwks-uri', jwksUri)
    const options = { execute: [openid.allowInsecureRequests] }
    const authentication = openid.PrivateKeyJwt({ key: privateKey, kid: 'k1' })
    const config = await openid.discovery(issuer, client_id, undefined, authentication, options)
    const [state, nonce] = [openid.randomState(), openid.randomNonce()]
    const parameters = { redirect_uri: REDIRECT_URI, scope: 'openid', state, nonce }
    const url = await openid.buildAuthorizationUrlWithJAR(config, parameters, { key: privateKey, kid: 'k1' })
    expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request'])
    const checks = { expectedState: state, expectedNonce: nonce }
    const answer = await new SandboxBrowser(sandbox).allow(url.href, 2)
    expect((await openid.authorizationCodeGrant(config, answer, checks)).claims()).toMatchObject(bondAt(2))
    server.close()
  })

  it('openid-client works within the FAPI 2.0 Security Profile', async () => {
    const { publicKey, privateKey } = await generateKeyPair('PS256', { extractable: true })
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'PS256' }] }
    const file = join(folder.path, 'jwks.json')
    writeFileSync(file, JSON.stringify(keys))
    const { client_id } = await register('A bank', REDIRECT_URI, '--profile', 'fapi2', '--jwks', file)
    const options = { execute: [openid.allowInsecureRequests] }
    const authentication = openid.PrivateKeyJwt({ key: privateKey, kid: 'k1' })
    const metadata = { id_token_signed_response_alg: 'ES256' }
    const config = await openid.discovery(issuer, client_id, metadata, authentication, options)
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'))
    const verifier = openid.randomPKCECodeVerifier()
    const parameters = {
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }
    const url = await openid.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
    const answer = await new SandboxBrowser(sandbox).allow(url.href, 1)
    const checks = { pkceCodeVerifier: verifier, idTokenExpected: true }
    const tokens = await openid.authorizationCodeGrant(config, answer, checks, undefined, { DPoP })
    expect([tokens.token_type, tokens.claims()]).toEqual(['dpop', expect.objectContaining(bondAt(1))])
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token!, undefined, { DPoP })
    expect(refreshed.refresh_token).toBe(tokens.refresh_token)
    expect(await openid.fetchUserInfo(config, refreshed.access_token, 'c1-u777', { DPoP })).toMatchObject(bondAt(1))
  })

  it('oauth4webapi takes the discovery document, the ID token and its signature by each algorithm', async () => {
    const insecure = { [oauth.allowInsecureRequests]: true }
    const turns = [
      ['RS256', 1],
      ['ES256', 2],
      ['EdDSA', 1],
    ] as const
    for (const [algorithm, company] of turns) {
      const { client_id, client_secret } = await register(algorithm, REDIRECT_URI, '--id-token-algorithm', algorithm)
      const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
      const client: oauth.Client = { client_id, id_token_signed_response_alg: algorithm }
      const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
      const url = new URL(as.authorization_endpoint!)
      url.search = new URLSearchParams({
        ...{ client_id, redirect_uri: REDIRECT_URI, response_type: 'code', scope: 'openid', state, nonce },
      }).toString()
      const answer = await new SandboxBrowser(sandbox).allow(url.href, company)
      const parameters = oauth.validateAuthResponse(as, client, answer, state)
      const response = await oauth.authorizationCodeGrantRequest(
        as,
        client,
        oauth.ClientSecretPost(client_secret),
        parameters,
        REDIRECT_URI,
        oauth.nopkce,
        insecure,
      )
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
        expectedNonce: nonce,
        requireIdToken: true,
      })
      await oauth.validateApplicationLevelSignature(as, response, insecure)
      expect(oauth.getValidatedIdTokenClaims(tokens)).toMatchObject(bondAt(company))
    }
  })

  it.skipIf(!hasAuthlib())('Authlib signs in at both companies: ID token and userinfo', async () => {
    for (const company of [1, 2]) {
      const script = `${REPOSITORY}/tests/fixtures/authlib_client.py`
      const args = [script, issuer.origin, app.client_id, app.client_secret, REDIRECT_URI]
      const child = spawn('/usr/bin/python3', args, { stdio: ['pipe', 'pipe', 'inherit'] })
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const nextLine = async () => (await lines.next()).value as string
      const answer = await new SandboxBrowser(sandbox).allow(await nextLine(), company)
      child.stdin.end(`${answer}\n`)
      const { claims, userinfo } = JSON.parse(await nextLine())
      expect(claims).toMatchObject({ ...bondAt(company), nonce: 'a nonce' })
      expect(userinfo).toMatchObject(bondAt(company))
    }
  })

  it.skipIf(!hasApacheWithOpenid())(
    'mod_auth_openidc in front of a page: login at both companies, back-channel logout, logout begun there',
    async () => {
      const apache = await startApache(async port => {
        const at = `http://localhost:${port}/private/callback`
        const { client_id, client_secret } = await register(
          'Apache',
          at,
          ...['--backchannel-logout-url', `${at}?logout=backchannel`],
          ...['--post-logout-redirect-uri', `http://localhost:${port}/`],
        )
        return {
          issuer: issuer.origin,
          clientId: client_id,
          clientSecret: client_secret,
          scope: 'openid profile email',
        }
      })
      try {
        for (const company of [1, 2]) {
          const visitor = new Person((path, init) => navigate(new URL(path, apache.origin), init))
          const browser = new SandboxBrowser(sandbox)
          const signIn = async () => {
            const asked = await visitor.request('/private/')
            const back = await browser.allow(asked.headers.get('Location')!, company)
            const arrived = await visitor.request(back.href.replace(apache.origin, ''))
            expect(new URL(arrived.headers.get('Location')!).pathname).toBe('/private/')
          }
          await signIn()
          const page = await visitor.request('/private/')
          expect([page.status, page.headers.get('X-Sub')]).toEqual([200, expect.stringContaining(`c${company}-u777`)])
          expect(page.headers.get('X-Company')).toBe(String(company))
          expect(page.headers.get('X-Email')).toContain('@')

          // Signed out here, they are signed out there.
          await browser.person.submit(await browser.person.open('/sign-out'), {})
          await expect.poll(async () => (await visitor.request('/private/')).status, { timeout: 15_000 }).toBe(302)

          // And the other way round.
          await signIn()
          const leaving = await visitor.request(`/private/callback?logout=${encodeURIComponent(`${apache.origin}/`)}`)
          const location = new URL(leaving.headers.get('Location')!)
          expect([location.origin, location.pathname]).toEqual([issuer.origin, '/oauth/logout'])
          const answer = await browser.person.request(location.pathname + location.search)
          expect(answer.headers.get('Location')).toMatch(`${apache.origin}/`)
          expect((await browser.person.request('/connected-apps')).status).toBe(303)
        }
      } finally {
        await apache.stop()
      }
    },
  )

  it.skipIf(!hasPackage('oidc-agent-cli', '/usr/bin/oidc-gen'))(
    'oidc-agent signs in at both companies, and gives access tokens that it refreshes by itself',
    async () => {
      const { client_id, client_secret } = await register('Terminal', 'http://localhost:4242/')
      const agent = startOidcAgent()
      try {
        for (const company of [1, 2]) {
          const account = `company-${company}`
          const asked = await agent.run(
            'oidc-gen',
            account,
            ...agent.generation,
            '--flow=code',
            '--no-webserver',
            ...[`--iss=${issuer.origin}`, `--client-id=${client_id}`, `--client-secret=${client_secret}`],
            ...['--redirect-uri=http://localhost:4242/', '--scope=openid profile offline_access'],
          )
          const url = /http:\S+\/oauth\/authorize\S+/.exec(asked)![0]
          const answer = await new SandboxBrowser(sandbox).allow(url, company)
          await agent.run('oidc-gen', ...agent.generation, `--codeExchange=${answer}`)
          const first = (await agent.run('oidc-token', account)).trim()
          const refreshed = (await agent.run('oidc-token', '--time=4000', account)).trim()
          expect(refreshed).not.toBe(first)
          for (const token of [first, refreshed]) {
            const headers = { Authorization: `Bearer ${token}` }
            const userinfo = await fetch(new URL('/oauth/userinfo', issuer), { headers })
            expect(await userinfo.json()).toMatchObject(bondAt(company))
          }
        }
      } finally {
        agent.stop()
      }
    },
  )

  it.skipIf(!hasPackage('oidc-agent-cli', '/usr/bin/oidc-gen'))(
    '[OA-61] oidc-agent signs in by the device flow, at the company that was chosen in a browser',
    { timeout: 90_000 },
    async () => {
      const { client_id, client_secret } = await register('A printer', 'http://localhost:4242/')
      const agent = startOidcAgent()
      try {
        for (const company of [1, 2]) {
          const account = `device-${company}`
          const browser = new SandboxBrowser(sandbox)
          const generated = agent.watch(
            /user_code=\S+|[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}/,
            async code => {
              const link = `/device?user_code=${code.replace('user_code=', '')}`
              expect((await browser.allowDevice(link, company)).text).toContain('Your device is connected')
            },
            ...['oidc-gen', account, ...agent.generation, '--flow=device'],
            ...[`--iss=${issuer.origin}`, `--client-id=${client_id}`, `--client-secret=${client_secret}`],
            ...['--redirect-uri=http://localhost:4242/', '--scope=openid profile offline_access'],
          )
          await generated
          const token = (await agent.run('oidc-token', account)).trim()
          const userinfo = await fetch(new URL('/oauth/userinfo', issuer), {
            headers: { Authorization: `Bearer ${token}` },
          })
          expect(await userinfo.json()).toMatchObject(bondAt(company))
        }
      } finally {
        agent.stop()
      }
    },
  )
})
