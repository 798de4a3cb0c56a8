import { createResourceServer, setDisabled, setMember } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { pkcePair } from '../../../../tests/support/client.ts'
import { answerOf, type Person } from '../../../../tests/support/person.ts'
import { BOND, CALLBACK, MI6, MONEYPENNY_EMAIL, ORIGIN, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'

describe('GET /oauth/authorize', () => {
  useProvider()

  const open = (parameters: Record<string, string | undefined>) => person.request(client.authorizePath(parameters))
  const errorOf = async (parameters: Record<string, string | undefined>) =>
    Object.fromEntries(answerOf(await open(parameters)).searchParams)

  it.each([
    'https://app.example/callback/',
    'https://app.example/callback?x=1',
    'https://app.example/Callback',
    'https://app.example:443/callback',
    'https://app.example.evil.example/callback',
    'http://app.example/callback',
    'https://app.example/callback#x',
    'https://app.example/%63allback',
  ])(
    '[OA-01] [OA-02] the authorization endpoint refuses the unregistered redirect URI %s with a page, not a redirect',
    async redirectUri => {
      const answer = await open({ redirect_uri: redirectUri })
      expect(answer.status).toBe(400)
      expect(answer.headers.get('Location')).toBeNull()
      expect(await answer.text()).toContain('redirect URI does not match')
    },
  )

  it('[OA-01] the authorization endpoint lets the port of a loopback URI vary, and nothing else', async () => {
    const native = await provider.registerApp({ redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback'] })
    const status = async (uri: string) => (await person.request(native.authorizePath({ redirect_uri: uri }))).status
    expect(await status('http://127.0.0.1:51234/callback')).toBe(200)
    expect(await status('http://[::1]:51234/callback')).toBe(200)
    expect(await status('http://127.0.0.1:51234/other')).toBe(400)
    expect(await status('http://127.0.0.1:51234@evil.example/callback')).toBe(400)
    expect(await status('http://127.0.0.2:51234/callback')).toBe(400)
    expect(await status('http://localhost:51234/callback')).toBe(400)
    expect(await status('https://127.0.0.1:51234/callback')).toBe(400)
    expect(await status('http://127.0.0.1:99999/callback')).toBe(400)
  })

  it.each([
    ['an unknown client', { client_id: 'unknown' }],
    ['no client', { client_id: undefined }],
    ['no redirect URI', { redirect_uri: undefined }],
    ['SQL as a client', { client_id: "' OR 1=1 --" }],
  ])('[OA-02] the authorization endpoint answers %s with an error page', async (_what, parameters) => {
    const answer = await open(parameters)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('Location')).toBeNull()
  })

  it('[OA-02] [OA-35] the authorization endpoint answers a disabled app with an error page', async () => {
    await setDisabled(provider.runtime, client.id, true)
    const answer = await open({})
    expect([answer.status, answer.headers.get('Location')]).toEqual([403, null])
  })

  it.each([
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: 'code token' }, 'unsupported_response_type'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ scope: 'base deals:full' }, 'invalid_scope'],
    [{ scope: 'ba"se' }, 'invalid_scope'],
    [{ company_id: 'one' }, 'invalid_request'],
    [{ prompt: 'none login' }, 'invalid_request'],
    [{ request: 'eyJhbGciOiJub25lIn0.e30.' }, 'invalid_request_object'],
  ])(
    '[OA-03] [OA-13] the authorization endpoint sends the error of %j back with state and iss',
    async (parameters, error) => {
      expect(await errorOf(parameters)).toEqual({
        error,
        error_description: expect.any(String),
        state: 'a state',
        iss: ORIGIN,
      })
    },
  )

  it('[OA-04] the authorization endpoint ignores repeated parameters that it does not know, and lets resource be repeated', async () => {
    const identifiers = ['https://a.example', 'https://b.example']
    for (const identifier of identifiers) await createResourceServer(provider.runtime, { name: 'An API', identifier })
    const more = `&utm_source=a&utm_source=b&resource=${identifiers.join('&resource=')}`
    const page = await provider.person().open(client.authorizePath() + more)
    expect([page.status, page.text.includes('Sign in')]).toEqual([200, true])
  })

  it('[OA-04] the authorization endpoint refuses a repeated parameter', async () => {
    const twice = async (pair: string) => person.request(`${client.authorizePath()}&${pair}`)
    expect(answerOf(await twice('scope=base&scope=base')).searchParams.get('error')).toBe('invalid_request')
    const repeatedState = answerOf(await twice('state=other'))
    expect(repeatedState.searchParams.get('error')).toBe('invalid_request')
    expect(repeatedState.searchParams.get('state')).toBeNull()
    for (const pair of [`client_id=${client.id}`, `redirect_uri=${encodeURIComponent(CALLBACK)}`]) {
      const answer = await twice(pair)
      expect([answer.status, answer.headers.get('Location')]).toEqual([400, null])
    }
  })

  describe('PKCE', () => {
    const { challenge } = pkcePair()

    it('[OA-05] the authorization endpoint refuses "plain", no method, and a challenge that is no digest', async () => {
      expect(await errorOf({ code_challenge: challenge, code_challenge_method: 'plain' })).toMatchObject({
        error: 'invalid_request',
      })
      expect(await errorOf({ code_challenge: challenge })).toMatchObject({ error: 'invalid_request' })
      expect(await errorOf({ code_challenge: 'short', code_challenge_method: 'S256' })).toMatchObject({
        error: 'invalid_request',
      })
      expect(await errorOf({ code_challenge_method: 'S256' })).toMatchObject({ error: 'invalid_request' })
    })

    it('[OA-05] public clients must use PKCE, and any app can be set to require it', async () => {
      for (const app of [{ isPublic: true }, { requirePkce: true }]) {
        const strict = await provider.registerApp(app)
        const without = await person.request(strict.authorizePath())
        expect(answerOf(without).searchParams.get('error')).toBe('invalid_request')
        const path = strict.authorizePath({ code_challenge: challenge, code_challenge_method: 'S256' })
        expect((await person.request(path)).status).toBe(200)
      }
    })
  })

  it('the authorization endpoint takes a missing response_type as code and a missing scope as all that the app registered', async () => {
    const tokens = await client.tokens(await person.code(client, { company: MI6 }))
    expect(tokens.scope).toBe('base users:read')
  })

  it('the authorization endpoint grants only the scopes that were asked for', async () => {
    const tokens = await client.tokens(await person.code(client, { company: MI6 }, { scope: 'base' }))
    expect(tokens.scope).toBe('base')
  })

  it.each([
    'a+b c&d=e%20f',
    '"><script>alert(1)</script>',
    'ünïcödé ✓ 会社',
    '\r\nSet-Cookie: a=b',
    '{"json":[1,2]}',
    '%00%ff',
    'x'.repeat(3000),
  ])('[OA-14] the authorization endpoint sends state back unchanged: %j', async state => {
    const answer = await person.authorize(client, { company: MI6 }, { state })
    expect(answer.searchParams.get('state')).toBe(state)
  })

  it('[OA-14] the authorization endpoint sends back bytes that are no UTF-8 as they came', async () => {
    const path = client.authorizePath({ state: undefined, response_type: 'token' })
    const answer = await person.request(`${path}&state=%ff%fe+%2B`)
    expect(answer.headers.get('Location')).toMatch(/state=%ff%fe\+%2B/)
  })

  it('[OA-14] reflects nothing of a request unescaped', async () => {
    const evil = '"><script>alert(1)</script>'
    for (const parameters of [
      { state: evil, scope: 'base' },
      { login_hint: evil },
      { ui_locales: evil },
      { redirect_uri: evil },
      { client_id: evil },
    ]) {
      expect(await (await open(parameters)).text()).not.toContain('<script')
    }
  })

  it('the authorization endpoint keeps a query that the redirect URI has', async () => {
    const app = await provider.registerApp({ redirectUris: ['https://app.example/cb?tenant=a%20b'] })
    const answer = await person.authorize(app, { company: MI6 })
    expect(answer.href).toMatch(/^https:\/\/app\.example\/cb\?tenant=a%20b&code=/)
  })

  describe('hints', () => {
    it('[OA-15] company_id preselects a company and skips no check', async () => {
      await person.signIn()
      const page = await person.open(client.authorizePath({ company_id: String(UNIVERSAL_EXPORTS) }))
      const checked = page.document.querySelector('input[name=company_id][checked]')
      expect(checked?.getAttribute('value')).toBe(String(UNIVERSAL_EXPORTS))
    })

    it('[OA-15] company_id of a company that is not the user’s gives nothing', async () => {
      const moneypenny = provider.person()
      await moneypenny.signIn(MONEYPENNY_EMAIL)
      const page = await moneypenny.open(client.authorizePath({ company_id: String(UNIVERSAL_EXPORTS) }))
      expect(page.text).toContain('MI6')
      expect(page.text).not.toContain('Universal Exports')
    })

    it('the chooser preselects the company used last', async () => {
      await person.code(client, { company: UNIVERSAL_EXPORTS })
      const page = await person.open(client.authorizePath())
      expect(page.document.querySelector('input[name=company_id][checked]')?.getAttribute('value')).toBe('2')
    })

    it('[OA-15] login_hint fills in the e-mail and signs no user in', async () => {
      const page = await person.open(client.authorizePath({ login_hint: 'james.bond@mi6.example' }))
      expect(page.document.querySelector('input[name=email]')?.getAttribute('value')).toBe('james.bond@mi6.example')
      expect(page.document.querySelector('input[name=password]')).not.toBeNull()
    })

    it('[OA-15] ui_locales decides the language before the user’s own and the browser’s', async () => {
      const language = async (parameters: Record<string, string>, header?: string) => {
        const init = header ? { headers: { 'Accept-Language': header } } : {}
        return (await person.open(client.authorizePath(parameters), init)).document
          .querySelector('html')
          ?.getAttribute('lang')
      }
      expect(await language({ ui_locales: 'xx fr-CA en' }, 'de')).toBe('fr')
      expect(await language({}, 'pt-BR,pt;q=0.9,en;q=0.8')).toBe('pt')
      await person.signIn()
      await setMember(provider.runtime, MI6, BOND, { locale: 'et_EE' })
      expect(await language({}, 'de')).toBe('et')
      expect(await language({ ui_locales: 'ja' }, 'de')).toBe('ja')
    })

    it('prompt=login asks for the password again, once', async () => {
      await person.signIn()
      const page = await person.open(client.authorizePath({ prompt: 'login' }))
      expect(page.document.querySelector('input[name=password]')).not.toBeNull()
      const next = await person.signIn(undefined, undefined, page)
      expect(next.document.querySelector('input[name=company_id]')).not.toBeNull()
    })
  })

  describe('prompt=none', () => {
    const silently = async (who: Person, parameters: Record<string, string> = {}) => {
      const answer = answerOf(await who.request(client.authorizePath({ prompt: 'none', ...parameters })))
      return answer.searchParams.get('error') ?? (answer.searchParams.has('code') ? 'a code' : 'nothing')
    }

    it.each([
      ['a loopback address', 'http://127.0.0.1/callback', 'http://127.0.0.1:49152/callback', 'interaction_required'],
      ['a private-use scheme', 'com.example.app:/callback', 'com.example.app:/callback', 'interaction_required'],
      ['https', 'https://app.example/callback', 'https://app.example/callback', 'a code'],
    ])(
      '[OA-16] the authorization endpoint asks again for a public client on %s, which any program can be, but for https',
      async (...given) => {
        const [, registered, used, expected] = given
        const app = await provider.registerApp({ isPublic: true, redirectUris: [registered] })
        const pkce = { code_challenge: pkcePair().challenge, code_challenge_method: 'S256', redirect_uri: used }
        await person.authorize(app, { company: MI6 }, pkce)
        const answer = answerOf(
          await person.request(app.authorizePath({ prompt: 'none', company_id: String(MI6), ...pkce })),
        )
        expect(answer.searchParams.get('error') ?? (answer.searchParams.has('code') && 'a code')).toBe(expected)
      },
    )

    it('[OA-15] prompt=none never shows a page: an error until everything was allowed, then a code', async () => {
      expect(await silently(person)).toBe('login_required')
      await person.signIn()
      expect(await silently(person)).toBe('interaction_required')
      expect(await silently(person, { company_id: '1' })).toBe('consent_required')
      await person.code(client, { company: MI6 }, { scope: 'base' })
      expect(await silently(person, { company_id: '1' })).toBe('consent_required')
      expect(await silently(person, { company_id: '1', scope: 'base' })).toBe('a code')
      expect(await silently(person, { company_id: '2', scope: 'base' })).toBe('consent_required')
      expect(await silently(person, { company_id: '1', scope: 'base', login_hint: MONEYPENNY_EMAIL })).toBe(
        'login_required',
      )
    })
  })

  it('an app of the pipedrive profile gets no iss', async () => {
    const app = await provider.registerApp({ profile: 'pipedrive' })
    const answer = await person.authorize(app, { company: MI6 })
    expect([...answer.searchParams.keys()]).toEqual(['code', 'state'])
  })
})
