import { readFileSync } from 'node:fs'
import { setMember, setSuspended } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { BOND, MI6, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { client, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { gatherFacts } from '../sandbox/facts.ts'
import { seedSandbox } from '../sandbox/seed.ts'
import { createTenantry } from '../server.ts'

const fixture = JSON.parse(readFileSync(new URL('../../../../tests/fixtures/users-me.json', import.meta.url), 'utf8'))

describe('GET /users/me', () => {
  let accessToken: string

  useProvider()
  beforeEach(async () => {
    accessToken = (await client.tokens(await provider.person().code(client, { company: MI6 }))).access_token
  })

  it('GET /users/me answers the documented example for James Bond of the sandbox: same keys, same order, same values', async () => {
    const winter = Date.UTC(2026, 0, 15)
    const tenantry = createTenantry({
      store: { path: ':memory:' },
      secrets: ['a secret of the tests that is long enough'],
      origin: 'http://localhost:4040',
      clock: () => winter,
    })
    await seedSandbox(tenantry.runtime)
    const { access_token } = await gatherFacts(tenantry.runtime)
    const answer = await tenantry.fetch(
      new Request('http://localhost:4040/users/me', { headers: { Authorization: `Bearer ${access_token}` } }),
    )
    expect(JSON.stringify(await answer.json(), null, 2)).toBe(JSON.stringify(fixture, null, 2))
    await tenantry.close()
  })

  it.each(['/users/me', '/v1/users/me', '/api/v1/users/me'])('GET /users/me answers at %s', async path => {
    const answer = await provider.fetch(path, { headers: { Authorization: `Bearer ${accessToken}` } })
    expect(answer.status).toBe(200)
    expect((await answer.json()) as unknown).toMatchObject({ success: true, data: { id: BOND, company_id: MI6 } })
  })

  it('GET /users/me describes the user as they are at the token’s company', async () => {
    const other = await client.tokens(await provider.person().code(client, { company: UNIVERSAL_EXPORTS }))
    const { data } = (await (await client.me(other.access_token)).json()) as { data: Record<string, unknown> }
    expect(data).toMatchObject({
      id: BOND,
      company_id: UNIVERSAL_EXPORTS,
      company_domain: 'universal-exports',
      email: 'j.bond@universal-exports.example',
      locale: 'en_GB',
      role_id: 3,
      is_admin: 0,
      language: { language_code: 'en', country_code: 'GB' },
    })
  })

  it.each(['company_id=2', 'user_id=779', 'id=779&company_domain=universal-exports'])(
    'GET /users/me speaks for the same user and company whatever the query says: %s',
    async query => {
      const answer = await provider.fetch(`/users/me?${query}`, {
        headers: { Authorization: `Bearer ${accessToken}`, 'X-Company-Id': '2' },
      })
      expect((await answer.json()) as unknown).toMatchObject({ data: { id: BOND, company_id: MI6 } })
    },
  )

  it('GET /users/me gives the offset of the time zone as of now, daylight saving included', async () => {
    const offset = async () => {
      const { access_token } = await client.tokens(await provider.person().code(client, { company: MI6 }))
      return ((await (await client.me(access_token)).json()) as { data: { timezone_offset: string } }).data
        .timezone_offset
    }
    expect(await offset()).toBe('+02:00')
    provider.pass(180 * 24 * 3600 * 1000)
    expect(await offset()).toBe('+03:00')
  })

  it.each([
    ['Asia/Kathmandu', '+05:45'],
    ['America/St_Johns', '-03:30'],
    ['UTC', '+00:00'],
  ])('GET /users/me gives %s as %s', async (timezone, expected) => {
    await setMember(provider.runtime, MI6, BOND, { timezone })
    const answer = (await (await client.me(accessToken)).json()) as { data: Record<string, unknown> }
    expect(answer.data).toMatchObject({ timezone_name: timezone, timezone_offset: expected })
  })

  it('GET /users/me falls back to UTC for a user with no time zone', async () => {
    await setMember(provider.runtime, MI6, BOND, { timezone: null })
    const answer = (await (await client.me(accessToken)).json()) as { data: Record<string, unknown> }
    expect(answer.data).toMatchObject({ timezone_name: 'UTC', timezone_offset: '+00:00' })
  })

  it('GET /users/me answers HEAD without a body, and a CORS preflight', async () => {
    const head = await provider.fetch('/users/me', {
      method: 'HEAD',
      headers: { Authorization: `Bearer ${accessToken}` },
    })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const preflight = await provider.fetch('/users/me', {
      method: 'OPTIONS',
      headers: { Origin: 'https://spa.example', 'Access-Control-Request-Headers': 'authorization' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(preflight.headers.get('Access-Control-Allow-Headers')).toMatch(/authorization/i)
  })

  it('GET /users/me answers errors in the envelope of the API', async () => {
    await setSuspended(provider.runtime, MI6, true)
    const answer = await client.me(accessToken)
    expect(answer.status).toBe(401)
    expect((await answer.json()) as unknown).toEqual({
      success: false,
      error: expect.any(String),
      error_info: expect.any(String),
      data: null,
      additional_data: null,
    })
  })
})
