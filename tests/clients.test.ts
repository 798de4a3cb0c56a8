import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as oauth from 'oauth4webapi'
import { v1 as pipedrive } from 'pipedrive'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeTestDatabase, type TestDatabase } from './support/database.ts'
import { answerOf, Person } from './support/person.ts'
import { BOND_EMAIL } from './support/provider.ts'
import { type RunningSandbox, runCommand, startSandbox } from './support/sandbox-process.ts'

describe('clients as they are', () => {
  let database: TestDatabase
  let sandbox: RunningSandbox
  let app: { client_id: string; client_secret: string }
  const redirectUri = 'http://127.0.0.1:5999/callback'

  beforeAll(async () => {
    database = await makeTestDatabase()
    sandbox = await startSandbox(database.flags)
    const created = await runCommand([
      'app',
      'create',
      ...database.flags,
      '--json',
      '--name',
      'Old App',
      '--profile',
      'pipedrive',
      '--redirect-uri',
      'http://127.0.0.1/callback',
      '--scope',
      'base users:read',
    ])
    app = JSON.parse(created.stdout)
  })
  afterAll(async () => {
    await sandbox?.stop()
    await database?.remove()
  })

  const browse = () => new Person((path, init) => fetch(new URL(path, sandbox.facts.origin), init))

  /** Walks the pages from an authorization URL to the app's answer. */
  async function allow(url: string, company: number, installFor = 'me'): Promise<URL> {
    const person = browse()
    const path = url.slice(sandbox.facts.origin.length)
    let page = await person.signIn(BOND_EMAIL, sandbox.facts.password, await person.open(path))
    page = await person.submitAndFollow(page, { company_id: String(company) })
    return answerOf(await person.submit(page, { decision: 'allow', install_for: installFor }))
  }

  describe('the official pipedrive package, with only its host pointed here', () => {
    async function install(company: number) {
      const configuration = new pipedrive.OAuth2Configuration({
        clientId: app.client_id,
        clientSecret: app.client_secret,
        redirectUri,
        host: sandbox.facts.origin,
      })
      const answer = await allow(configuration.authorizationUrl, company)
      await configuration.authorize(answer.searchParams.get('code') ?? '')
      const users = () =>
        new pipedrive.UsersApi(
          new pipedrive.Configuration({ accessToken: configuration.getAccessToken, basePath: configuration.basePath }),
        )
      return { configuration, answer, users }
    }

    it('authorizes and gets the current user, at the company that was picked', async () => {
      for (const company of [1, 2]) {
        const { users, answer } = await install(company)
        expect([...answer.searchParams.keys()]).toEqual(['code'])
        const { data } = await users().getCurrentUser()
        expect(data).toMatchObject({ id: 777, company_id: company })
      }
    })

    it('lists the people of the company, finds them by name and by e-mail, and reads one', async () => {
      const users = (await install(1)).users()
      const { data: everyone } = await users.getUsers()
      expect(everyone!.map(({ id }) => id)).toContain(777)
      const { data: found } = await users.findUsersByName({ term: 'bond' })
      expect(found).toMatchObject([{ id: 777, name: 'James Bond', is_you: true }])
      const { data: byEmail } = await users.findUsersByName({ term: 'bond@', search_by_email: 1 })
      expect(byEmail).toMatchObject([{ id: 777 }])
      expect((await users.getUser({ id: 777 })).data).toMatchObject({ id: 777, name: 'James Bond' })
      await expect(users.getUser({ id: 1 })).rejects.toMatchObject({ success: false })
    })

    it('refreshes', async () => {
      const { configuration, users } = await install(1)
      const before = await configuration.getAccessToken()
      const tokens = await configuration.tokenRefresh()
      expect(await configuration.getAccessToken()).not.toBe(before)
      expect((await users().getCurrentUser()).data).toMatchObject({ id: 777 })
      expect(tokens).toMatchObject({ scope: 'base,users:read' })
    })

    it('revokes the access token, which it encodes twice, and then the refresh token', async () => {
      const { configuration, users } = await install(1)
      await configuration.revokeToken('access_token')
      await expect(users().getCurrentUser()).rejects.toMatchObject({ success: false })
      await configuration.tokenRefresh()
      await users().getCurrentUser()
      await configuration.revokeToken('refresh_token')
      await expect(users().getCurrentUser()).rejects.toMatchObject({ success: false })
      await expect(configuration.tokenRefresh()).rejects.toMatchObject({ error: 'invalid_grant' })
    })

    it('a wrong code is rejected with the error that the package passes on', async () => {
      const configuration = new pipedrive.OAuth2Configuration({
        clientId: app.client_id,
        clientSecret: app.client_secret,
        redirectUri,
        host: sandbox.facts.origin,
      })
      await expect(configuration.authorize('wrong')).rejects.toMatchObject({ error: 'invalid_grant' })
    })
  })

  describe('oauth4webapi, by discovery', () => {
    it('oauth4webapi does the code flow with PKCE and iss, refreshes, introspects and revokes', async () => {
      const insecure = { [oauth.allowInsecureRequests]: true }
      const issuer = new URL(sandbox.facts.origin)
      const as = await oauth.processDiscoveryResponse(
        issuer,
        await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
      )
      const client: oauth.Client = { client_id: sandbox.facts.client_id }
      const authentication = oauth.ClientSecretBasic(sandbox.facts.client_secret)
      const verifier = oauth.generateRandomCodeVerifier()
      const state = oauth.generateRandomState()
      const url = new URL(as.authorization_endpoint ?? '')
      url.search = new URLSearchParams({
        client_id: client.client_id,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: 'base',
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }).toString()
      // Refuses an answer without iss, since the metadata promises one.
      const parameters = oauth.validateAuthResponse(as, client, await allow(url.href, 2), state)
      const tokens = await oauth.processAuthorizationCodeResponse(
        as,
        client,
        await oauth.authorizationCodeGrantRequest(
          as,
          client,
          authentication,
          parameters,
          redirectUri,
          verifier,
          insecure,
        ),
      )
      const me = await oauth.protectedResourceRequest(
        tokens.access_token,
        'GET',
        new URL('/users/me', issuer),
        undefined,
        undefined,
        insecure,
      )
      expect((await me.json()) as unknown).toMatchObject({ data: { id: 777, company_id: 2 } })

      const refreshed = await oauth.processRefreshTokenResponse(
        as,
        client,
        await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token ?? '', insecure),
      )
      const introspected = await oauth.processIntrospectionResponse(
        as,
        client,
        await oauth.introspectionRequest(as, client, authentication, refreshed.access_token, insecure),
      )
      expect(introspected).toMatchObject({ active: true, company_id: 2 })
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(as, client, authentication, refreshed.refresh_token ?? '', insecure),
      )
      await expect(
        oauth.protectedResourceRequest(
          refreshed.access_token,
          'GET',
          new URL('/users/me', issuer),
          undefined,
          undefined,
          insecure,
        ),
      ).rejects.toThrow()
    })
  })

  it('the pipedrive package reads the app user of a company, and oauth4webapi gets a token of it by client_credentials', async () => {
    const created = await runCommand([
      ...['app', 'create', ...database.flags, '--json', '--name', 'Company App', '--profile', 'pipedrive'],
      ...['--redirect-uri', 'http://127.0.0.1/callback', '--scope', 'base users:read', '--install', 'both'],
    ])
    const { client_id, client_secret } = JSON.parse(created.stdout)
    const { origin } = sandbox.facts
    const configuration = new pipedrive.OAuth2Configuration({
      ...{ clientId: client_id, clientSecret: client_secret, redirectUri, host: origin },
    })
    const answer = await allow(configuration.authorizationUrl, 1, 'company')
    await configuration.authorize(answer.searchParams.get('code') ?? '')
    const { getAccessToken: accessToken, basePath } = configuration
    const users = new pipedrive.UsersApi(new pipedrive.Configuration({ accessToken, basePath }))
    const { data: appUser } = await users.getCurrentUser()
    expect(appUser).toMatchObject({ name: 'Company App', email: null, is_admin: 0, company_id: 1 })

    const insecure = { [oauth.allowInsecureRequests]: true }
    const as = await oauth.processDiscoveryResponse(
      new URL(origin),
      await oauth.discoveryRequest(new URL(origin), { algorithm: 'oauth2', ...insecure }),
    )
    expect(as.grant_types_supported).toContain('client_credentials')
    const form = { company_id: '1', scope: 'base' }
    const authentication = oauth.ClientSecretBasic(client_secret)
    const granted = await oauth.processClientCredentialsResponse(
      as,
      { client_id },
      await oauth.clientCredentialsGrantRequest(as, { client_id }, authentication, new URLSearchParams(form), insecure),
    )
    expect(granted).toMatchObject({ scope: 'base', install_for: 'company', installed_by: 777 })
    const headers = { Authorization: `Bearer ${granted.access_token}` }
    const { data } = (await (await fetch(`${origin}/users/me`, { headers })).json()) as { data: { id: number } }
    expect(data.id).toBe(appUser!.id)
  })

  describe('an app that hears of its end', () => {
    let listener: Server
    const heard: unknown[] = []

    beforeAll(async () => {
      listener = createServer(async (request, response) => {
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(chunk as Buffer)
        heard.push({ method: request.method, ...JSON.parse(Buffer.concat(chunks).toString()) })
        response.end()
      })
      await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
    })
    afterAll(() => {
      listener.close()
      listener.closeAllConnections()
    })

    it('an app on a laptop gets its uninstall callback at a local address', async () => {
      const { port } = listener.address() as AddressInfo
      const created = await runCommand([
        'app',
        'create',
        ...database.flags,
        '--json',
        '--name',
        'Listener',
        '--redirect-uri',
        'http://127.0.0.1/callback',
        '--uninstall-url',
        `http://127.0.0.1:${port}/gone`,
      ])
      const { client_id } = JSON.parse(created.stdout)
      const query = new URLSearchParams({ client_id, redirect_uri: redirectUri })
      await allow(`${sandbox.facts.origin}/oauth/authorize?${query}`, 1)
      const removed = await runCommand([
        'installation',
        'remove',
        ...database.flags,
        '--company',
        '1',
        '--user',
        '777',
        '--client',
        client_id,
      ])
      expect(removed).toMatchObject({ code: 0, stderr: '' })
      await expect
        .poll(() => heard)
        .toEqual([{ method: 'DELETE', client_id, company_id: 1, user_id: 777, timestamp: expect.any(String) }])
    })
  })
})
