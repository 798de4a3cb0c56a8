import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from './support/client.ts'
import type { Person } from './support/person.ts'
import { CALLBACK, MI6, startProvider, type TestProvider } from './support/provider.ts'

/**
 * Every request without authentication costs at most about in proportion to its size. Four times the input may take ten
 * times as long here, since machines are noisy; what grows with the square of its size takes sixteen times as long.
 */
const SMALL = 16_000
const LARGE = 4 * SMALL
const MAX_GROWTH = 10
/** What a request takes anyway, in milliseconds: growth below it says nothing. */
const FLOOR = 1
const ROUNDS = 7

type Fill = (size: number) => string

const fills: Record<string, Fill> = {
  'one long value': size => 'a'.repeat(size),
  'distinct parameters': size => Array.from({ length: size / 8 }, (_, index) => `p${index}=1`).join('&'),
  'repeated parameters': size => 'a=b&'.repeat(size / 4),
  separators: size => '&'.repeat(size),
  'equals signs': size => '='.repeat(size),
  spaces: size => ' '.repeat(size),
  'spaces and commas': size => ' ,'.repeat(size / 2),
  'percent signs': size => '%'.repeat(size),
  'encoded characters': size => '%20'.repeat(size / 3),
  'broken encodings': size => '%ff%'.repeat(size / 4),
  dots: size => '/..'.repeat(size / 3),
  slashes: size => '/'.repeat(size),
  backslashes: size => '\\'.repeat(size),
  words: size => 'ab '.repeat(size / 3),
  'distinct words': size => Array.from({ length: size / 6 }, (_, index) => index.toString(36)).join(' '),
  cookies: size => Array.from({ length: size / 8 }, (_, index) => `c${index}=1`).join('; '),
  tags: size => Array.from({ length: size / 4 }, (_, index) => `${String.fromCharCode(97 + (index % 26))}a`).join(','),
  quotes: size => '"'.repeat(size),
  brackets: size => '['.repeat(size),
  nested: size => '{"a":'.repeat(size / 5),
  'a JWT': size => `${Buffer.from(JSON.stringify({ alg: 'ES256' })).toString('base64url')}.${'e30'.repeat(size / 3)}.x`,
  'a token': size => `tny_at_1_${'0'.repeat(size)}`,
}

describe('the cost of a request grows at most in proportion to its size', () => {
  let provider: TestProvider
  let client: Client
  let person: Person

  beforeAll(async () => {
    provider = await startProvider({ trustedProxies: 1 })
    client = await provider.registerApp()
    person = provider.person()
    await person.code(client, { company: MI6 })
  })
  afterAll(() => provider.close())

  async function fastest(send: () => Promise<Response>): Promise<number> {
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < ROUNDS; round++) {
      const started = performance.now()
      const answer = await send()
      await answer.text()
      best = Math.min(best, performance.now() - started)
      expect(answer.status).toBeLessThan(500)
    }
    return best
  }

  async function expectLinear(send: (fill: string) => Promise<Response>, only: (name: string) => boolean = () => true) {
    const steep: unknown[] = []
    for (const [name, fill] of Object.entries(fills).filter(([name]) => only(name))) {
      // A busy moment is no growth: it is measured again.
      for (let tries = 3; tries > 0; tries--) {
        const small = await fastest(() => send(fill(SMALL)))
        const large = await fastest(() => send(fill(LARGE)))
        if (large <= MAX_GROWTH * Math.max(small, FLOOR)) break
        if (tries === 1) steep.push({ name, small, large })
      }
    }
    expect(steep).toEqual([])
  }

  const encode = (text: string) => text.replace(/[^\x21\x23-\x7e]/g, encodeURIComponent).replaceAll('#', '%23')
  const asValue = (text: string) => encodeURIComponent(text.toWellFormed())
  const form = (body: string, headers: Record<string, string> = {}) => ({
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body,
  })

  it.each(['/oauth/token', '/oauth/revoke', '/oauth/introspect', '/oauth/par', '/oauth/device_authorization'])(
    '[OA-70] the body of %s',
    async path => {
      await expectLinear(fill => provider.fetch(path, form(encode(fill))))
    },
  )

  it.each([
    'client_id',
    'client_secret',
    'client_assertion',
    'grant_type',
    'code',
    'redirect_uri',
    'refresh_token',
    'scope',
    'code_verifier',
    'token',
    'resource',
    'device_code',
  ])('[OA-70] the parameter %s of the token endpoint', async name => {
    const basic = Buffer.from(`${client.id}:${client.secret}`).toString('base64')
    const authenticated: Record<string, string> = name.startsWith('client_') ? {} : { Authorization: `Basic ${basic}` }
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    const others = ['grant_type=refresh_token', 'refresh_token=x', `client_assertion_type=${type}`]
    await expectLinear(fill => {
      const body = [`${name}=${asValue(fill)}`, ...others.filter(other => !other.startsWith(`${name}=`))].join('&')
      return provider.fetch('/oauth/token', form(body, authenticated))
    })
  })

  it.each([
    'client_id',
    'redirect_uri',
    'state',
    'scope',
    'response_type',
    'response_mode',
    'code_challenge',
    'prompt',
    'login_hint',
    'ui_locales',
    'company_id',
    'claims',
    'resource',
    'request',
    'consent_ticket',
    'unknown',
  ])('[OA-70] the parameter %s of the authorization endpoint', async name => {
    const all: Record<string, string> = { client_id: client.id, redirect_uri: CALLBACK, state: 'x', prompt: 'none' }
    delete all[name]
    const query = new URLSearchParams(all)
    await expectLinear(fill => person.request(`/oauth/authorize?${query}&${name}=${asValue(fill)}`))
  })

  it.each(['/oauth/authorize', '/oauth/authorize/consent', '/sign-in', '/connected-apps', '/oauth/token', '/nothing'])(
    '[OA-70] the query of %s',
    async path => {
      await expectLinear(fill => person.request(`${path}?${encode(fill)}`))
      const valid = new URL(client.authorizePath(), 'http://x').search
      await expectLinear(fill => person.request(`${path}${valid}&${encode(fill)}`))
    },
  )

  it.each(['return_to', 'ui_locales', 'removed', 'company_id'])('[OA-70] the parameter %s of pages', async name => {
    await expectLinear(fill => person.request(`/sign-in?${name}=${asValue(fill)}`))
    await expectLinear(fill => person.request(`/connected-apps?${name}=${asValue(fill)}`))
    await expectLinear(fill => person.request(`/nothing?${name}=${asValue(fill)}`))
  })

  it.each(['email', 'password', 'return_to', 'form_token', 'request', 'ticket', 'company_id', 'client_id'])(
    '[OA-70] the field %s of forms',
    async name => {
      const attacker = provider.person()
      const page = await attacker.open('/sign-in')
      const token = page.document.querySelector('input[name=form_token]')?.getAttribute('value') ?? ''
      for (const path of ['/sign-in', '/sign-out', '/oauth/authorize/company', '/oauth/authorize/consent']) {
        const fields = name === 'form_token' ? '' : `form_token=${token}&`
        const more = name === 'return_to' ? '&email=&password=' : ''
        await expectLinear(fill => attacker.request(path, form(`${fields}${name}=${asValue(fill)}${more}`)))
      }
      await expectLinear(fill => attacker.request('/sign-in', form(`form_token=${token}&${encode(fill)}`)))
    },
  )

  it.each([
    'Authorization',
    'Cookie',
    'Accept-Language',
    'X-Forwarded-For',
    'Origin',
    'Content-Type',
    'Accept',
    'Access-Control-Request-Headers',
    'Access-Control-Request-Method',
    'If-None-Match',
    'traceparent',
    'DPoP',
  ])('[OA-70] the header %s', async name => {
    const value = (fill: string) => `x${fill.replace(/[^\x20-\x7e]/g, '?')}x`
    const paths = [
      '/users/me',
      '/oauth/token',
      '/oauth/authorize',
      '/sign-in',
      '/.well-known/oauth-authorization-server',
    ]
    for (const path of paths) {
      await expectLinear(fill => provider.fetch(path, { headers: { [name]: value(fill) } }))
    }
    await expectLinear(fill => provider.fetch('/users/me', { method: 'OPTIONS', headers: { [name]: value(fill) } }))
    const authorizations = ['Bearer ', 'Basic ']
    for (const scheme of name === 'Authorization' ? authorizations : []) {
      const headers = (fill: string) => ({ [name]: scheme + value(fill) })
      await expectLinear(fill => provider.fetch('/users/me', { headers: headers(fill) }))
      await expectLinear(fill => provider.fetch('/oauth/token', form('grant_type=x', headers(fill))))
    }
  })

  it('[OA-70] one form of 64 KiB takes no more than ten times an empty one', async () => {
    const send = (body: string) => fastest(() => provider.fetch('/oauth/token', form(body)))
    const many = fills['distinct parameters']!(64 * 1024 - 400)
    expect(await send(many)).toBeLessThan(10 * Math.max(await send(''), FLOOR))
  })

  it('[OA-70] a form with more parameters than any client sends is refused, and says so', async () => {
    const many = fills['distinct parameters']!(4000)
    const answer = await provider.fetch('/oauth/token', form(many))
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: 'invalid_request', error_description: 'More than 200 parameters.' },
    ])
    expect((await person.request(`/oauth/authorize?${many}`)).status).toBe(400)
  })
})
