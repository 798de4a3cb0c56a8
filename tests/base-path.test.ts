import { createConnect, memoryStore, tenantry, useAccount } from '@tenantry/connect'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from './support/client.ts'
import { answerOf } from './support/person.ts'
import { CALLBACK, MI6, startProvider, type TestProvider } from './support/provider.ts'

const ORIGIN = 'https://example.com/id'

describe('an origin with a path', () => {
  let provider: TestProvider
  let client: Client

  beforeAll(async () => {
    provider = await startProvider({ origin: ORIGIN })
    client = await provider.registerApp()
  })
  afterAll(() => provider.close())

  const fetch = (url: string, init?: RequestInit) =>
    provider.tenantry.fetch(new Request(url, { redirect: 'manual', ...init }))

  it('an origin with a path has its metadata where RFC 8414 inserts the path, and below the path', async () => {
    const issuer = new URL(ORIGIN)
    const response = await oauth.discoveryRequest(issuer, {
      algorithm: 'oauth2',
      [oauth.customFetch]: (url: string) => fetch(url),
    })
    const server = await oauth.processDiscoveryResponse(issuer, response)
    expect(server).toMatchObject({ issuer: ORIGIN, token_endpoint: `${ORIGIN}/oauth/token` })
    expect((await fetch(`${ORIGIN}/.well-known/oauth-authorization-server`)).status).toBe(200)
  })

  it('an origin with a path is walked through as a browser does, whether or not a proxy takes the path off', async () => {
    const cookies = new Map<string, string>()
    const go = async (address: string, init: RequestInit = {}): Promise<Response> => {
      const url = new URL(address, 'https://example.com')
      if (url.host === 'example.com') expect(url.pathname).toMatch(/^\/id\//)
      const headers = new Headers(init.headers)
      headers.set('Cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
      const response = await fetch(url.href, { ...init, headers })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        expect(line).toMatch(/^__Host-.*Path=\//)
        cookies.set(name, value)
      }
      const location = response.headers.get('Location')
      return location?.startsWith('/') ? go(location) : response
    }
    const submit = async (page: Response, fields: Record<string, string>) => {
      const html = await page.text()
      for (const [, address = ''] of html.matchAll(/ (?:href|action|src)="([^"]*)"/g)) {
        expect(address).toMatch(/^(\/id\/|https:|data:)/)
      }
      const form = /<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/.exec(html)!
      const values = new URLSearchParams()
      for (const [, name = '', value = ''] of form[2]!.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)) {
        values.set(name, value.replaceAll('&amp;', '&'))
      }
      for (const [name, value] of Object.entries(fields)) values.set(name, value)
      return go(form[1]!, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: String(values),
      })
    }
    const signIn = await go(`/id${client.authorizePath()}`)
    const chooser = await submit(signIn, { email: 'james.bond@mi6.example', password: 'shaken-not-stirred' })
    const consent = await submit(chooser, { company_id: String(MI6) })
    const answer = answerOf(await submit(consent, { decision: 'allow' }))
    expect(answer.href.startsWith(CALLBACK)).toBe(true)
    expect(answer.searchParams.get('iss')).toBe(ORIGIN)
    const tokens = await client.tokens(answer.searchParams.get('code')!)
    for (const at of [ORIGIN, 'https://example.com']) {
      const me = await fetch(`${at}/users/me`, { headers: { Authorization: `Bearer ${tokens.access_token}` } })
      expect(me.status).toBe(200)
    }
    expect((await fetch(`${ORIGIN}`)).headers.get('Location')).toBe('/id/connected-apps')
  })

  it('the kit works with an origin that has a path', async () => {
    const asked: string[] = []
    const connect = createConnect({
      provider: tenantry({ issuer: ORIGIN }),
      clientId: client.id,
      clientSecret: client.secret!,
      redirectUri: CALLBACK,
      store: memoryStore(),
      encryptionKeys: ['a key of the tests that is long enough'],
      onInstall: () => useAccount('x'),
      fetch: async (input, init) => {
        asked.push(String(input instanceof Request ? input.url : input))
        return fetch(String(input), init)
      },
    })
    const { url } = await connect.authorize()
    expect(url.href.startsWith(`${ORIGIN}/oauth/authorize?`)).toBe(true)
  })
})
