import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client, TokenAnswer } from './support/client.ts'
import type { Person } from './support/person.ts'
import { CALLBACK, MI6, MONEYPENNY_EMAIL, ORIGIN, startProvider, type TestProvider } from './support/provider.ts'

/** Whatever is sent, the answer is clear: never an internal error, never a redirect to an unregistered address. */
describe('hostile input', () => {
  let provider: TestProvider
  let client: Client
  let victim: Client
  let person: Person
  let tokens: TokenAnswer

  beforeAll(async () => {
    provider = await startProvider()
    client = await provider.registerApp()
    person = provider.person()
    await person.code(client, { company: MI6 })
    // What is to be kept from harm: another person's grant to another app.
    victim = await provider.registerApp()
    tokens = await victim.tokens(await provider.person().code(victim, { email: MONEYPENNY_EMAIL }))
  })
  afterAll(() => provider.close())

  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.integer({ min: 0, max: 0xff }).map(code => String.fromCharCode(code)) }),
    fc.constantFrom(
      '',
      '\0',
      '%',
      '%zz',
      '%ff%fe',
      '../../etc/passwd',
      "' OR 1=1 --",
      '<script>',
      '\r\nLocation: https://evil.example',
      'javascript:alert(1)',
      'https://evil.example/',
      '9'.repeat(400),
      '-1',
      '1e3',
      '__proto__',
      'constructor',
      '\ud800',
      'code',
      'none',
      'S256',
      'base users:read',
    ),
    fc.constant(CALLBACK),
  )
  const known = () =>
    fc.oneof(
      nasty,
      fc.constantFrom(
        client.id,
        client.secret!,
        tokens.refresh_token,
        tokens.access_token,
        'authorization_code',
        'refresh_token',
        'urn:ietf:params:oauth:grant-type:device_code',
        'urn:tenantry:device:AAAA',
        'urn:ietf:params:oauth:request_uri:AAAA',
      ),
    )
  const name = fc.oneof(
    {
      weight: 9,
      arbitrary: fc.constantFrom(
        'client_id',
        'redirect_uri',
        'state',
        'scope',
        'response_type',
        'response_mode',
        'code_challenge',
        'code_challenge_method',
        'prompt',
        'login_hint',
        'ui_locales',
        'company_id',
        'consent_ticket',
        'request',
        'request_uri',
        'resource',
        'claims',
        'max_age',
        'nonce',
        'id_token_hint',
        'acr_values',
        'dpop_jkt',
        'device_code',
        'user_code',
        'grant_type',
        'code',
        'code_verifier',
        'refresh_token',
        'token',
        'client_secret',
        'client_assertion',
        'client_assertion_type',
        'form_token',
        'ticket',
        'decision',
        'cancel',
        'email',
        'password',
        'return_to',
      ),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 5 }) },
  )
  const pairs = () => fc.array(fc.tuple(name, known()), { maxLength: 8 })
  const encode = (list: [string, string][], raw: boolean) =>
    raw
      ? list.map(([key, value]) => `${key}=${value.replace(/[^\x21-\x7e]|#/g, '%')}`).join('&')
      : list
          .map(
            ([key, value]) => `${encodeURIComponent(key.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`,
          )
          .join('&')

  async function expectClear(answer: Response) {
    const location = answer.headers.get('Location')
    const text = await answer.text()
    expect(answer.status).toBeLessThan(500)
    expect(text).not.toContain('<script')
    if (location !== null)
      expect(
        location.startsWith('/') ? new URL(location, ORIGIN).origin : location.slice(0, CALLBACK.length),
      ).toBeOneOf([ORIGIN, CALLBACK])
  }

  it('hostile input to the authorization endpoint gets no 500 and changes nothing', async () => {
    const request = fc.tuple(pairs(), fc.boolean(), fc.boolean())
    await fc.assert(
      fc.asyncProperty(request, async ([list, raw, valid]) => {
        const start = valid ? `${client.authorizePath()}&` : '/oauth/authorize?'
        await expectClear(await person.request(start + encode(list, raw)))
        await expectClear(await person.request(start.replace('authorize?', 'authorize/consent?') + encode(list, raw)))
      }),
      { numRuns: 600 },
    )
  })

  it.each(['/oauth/token', '/oauth/revoke', '/oauth/introspect', '/oauth/par', '/oauth/device_authorization'])(
    'hostile input to %s gets no 500 and changes nothing',
    async path => {
      const request = fc.tuple(pairs(), fc.boolean(), fc.boolean(), nasty)
      await fc.assert(
        fc.asyncProperty(request, async ([list, raw, authenticated, header]) => {
          const body = encode(list, raw)
          const basic = `Basic ${Buffer.from(authenticated ? `${client.id}:${client.secret}` : header).toString('base64')}`
          await expectClear(
            await provider.fetch(path, {
              method: 'POST',
              headers: { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: basic },
              body,
            }),
          )
        }),
        { numRuns: 400 },
      )
    },
  )

  it.each([
    '/sign-in',
    '/sign-out',
    '/oauth/authorize/company',
    '/oauth/authorize/consent',
    '/connected-apps/remove',
    '/device',
  ])('hostile input to the form at %s gets no 500, its token right or wrong', async path => {
    const page = await person.open('/connected-apps')
    const token = page.document.querySelector('footer input[name=form_token]')?.getAttribute('value') ?? ''
    expect(token).not.toBe('')
    const request = fc.tuple(pairs(), fc.boolean(), fc.boolean())
    // Signing out for real would end the visit.
    const own = path === '/sign-out' || path === '/sign-in' ? [] : [['form_token', token]]
    const attacker = provider.person()
    await fc.assert(
      fc.asyncProperty(request, async ([list, raw, valid]) => {
        const start = valid ? [...own, ['request', client.authorizePath().slice('/oauth/authorize?'.length)]] : []
        const body = [new URLSearchParams(start as [string, string][]).toString(), encode(list, raw)].join('&')
        for (const someone of [person, attacker]) {
          await expectClear(
            await someone.request(path, {
              method: 'POST',
              headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
              body,
            }),
          )
        }
      }),
      { numRuns: 300 },
    )
  })

  it.each(['/sign-in', '/sign-out', '/oauth/authorize/company', '/oauth/authorize/consent'])(
    'hostile input in the fields that lead on from the form at %s is not followed',
    async path => {
      const values = [
        'a=b\r\nLocation: https://evil.example',
        'a=\0',
        'ü',
        '会社',
        '#x',
        ' ',
        '//evil.example',
        '\\evil.example',
      ]
      for (const value of values) {
        for (const someone of [person, provider.person()]) {
          const answer = await someone.request(path, {
            method: 'POST',
            headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
            body: new URLSearchParams({ request: value, return_to: value }).toString(),
          })
          expect(answer.headers.get('Location') ?? '').toMatch(/^([\x21\x23-\x7e]*)$/)
          await expectClear(answer)
        }
      }
    },
  )

  it('hostile input to the users API gets no 500', async () => {
    const headers = { Authorization: `Bearer ${tokens.access_token}` }
    await fc.assert(
      fc.asyncProperty(
        nasty,
        fc.constantFrom('term', 'limit', 'start', 'cursor', 'search_by_email'),
        async (value, key) => {
          const encoded = encodeURIComponent(value.toWellFormed())
          await expectClear(await provider.fetch(`/users/${encoded}`, { headers }))
          await expectClear(await provider.fetch(`/users?${key}=${encoded}`, { headers }))
          await expectClear(await provider.fetch(`/users/find?term=a&${key}=${encoded}`, { headers }))
        },
      ),
    )
  })

  it('hostile input to /users/me gets no 500', async () => {
    await fc.assert(
      fc.asyncProperty(known(), async value => {
        const header = value.replace(/[^\x20-\x7e]/g, '?')
        await expectClear(await provider.fetch('/users/me', { headers: { Authorization: `Bearer ${header}` } }))
        await expectClear(await provider.fetch('/users/me', { headers: { Authorization: header } }))
      }),
      { numRuns: 400 },
    )
  })

  it('hostile input changes nothing of another user', async () => {
    expect((await victim.me(tokens.access_token)).status).toBe(200)
    expect((await victim.refresh(tokens.refresh_token)).status).toBe(200)
  })
})
