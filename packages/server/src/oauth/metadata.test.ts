import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ORIGIN, startProvider, type TestProvider } from '../../../../tests/support/provider.ts'

describe('GET /.well-known/oauth-authorization-server', () => {
  let provider: TestProvider
  let document: Record<string, string | string[]>

  beforeAll(async () => {
    provider = await startProvider({ scopes: { 'deals:read': { en: 'Read your deals', fr: 'Lire vos affaires' } } })
    document = (await (await provider.fetch('/.well-known/oauth-authorization-server')).json()) as typeof document
  })
  afterAll(() => provider.close())

  it('[OA-50] the metadata names the issuer exactly as it is configured', () => {
    expect(document.issuer).toBe(ORIGIN)
  })

  it('[OA-50] the metadata names endpoints that are there', async () => {
    const endpoints = Object.entries(document).filter(([name]) => name.endsWith('_endpoint'))
    expect(endpoints).toHaveLength(8)
    for (const [name, url] of endpoints) {
      const method = ['authorization_endpoint', 'end_session_endpoint'].includes(name) ? 'GET' : 'POST'
      const answer = await provider.fetch(String(url), { method })
      expect({ name, there: answer.status !== 404 && answer.status !== 405 }).toEqual({ name, there: true })
    }
  })

  it('[OA-50] the metadata promises the grants and response types that work, and no other', async () => {
    const client = await provider.registerApp()
    for (const grant_type of document.grant_types_supported ?? []) {
      const answer = await client.post('/oauth/token', { grant_type })
      expect(((await answer.json()) as { error: string }).error).toBe('invalid_request')
    }
    expect(document.response_types_supported).toEqual(['code'])
    expect(document.code_challenge_methods_supported).toEqual(['S256'])
    expect(document.authorization_response_iss_parameter_supported).toBe(true)
  })

  it('[OA-50] the metadata promises the scopes that an app can be given, each said in words', async () => {
    expect(document.scopes_supported).toEqual([
      'base',
      'users:read',
      'openid',
      'profile',
      'email',
      'phone',
      'offline_access',
      'deals:read',
    ])
    await expect(provider.registerApp({ scopes: ['unknown:scope'] })).rejects.toThrow(
      /unknown scope unknown:scope\. Known scopes: base, users:read, openid, profile, email, phone, offline_access, deals:read/,
    )
    const client = await provider.registerApp({ scopes: ['deals:read'] })
    const english = await provider.person().reachConsent(client, { company: 1 })
    expect(english.text).toContain('Read your deals')
    const french = await provider.person().reachConsent(client, { company: 1 }, { ui_locales: 'fr' })
    expect(french.text).toContain('Lire vos affaires')
  })

  it('the metadata can be read by a page of another site', async () => {
    const answer = await provider.fetch('/.well-known/oauth-authorization-server', {
      headers: { Origin: 'https://spa.example' },
    })
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*')
  })

  it('the pages cannot be read by another site', async () => {
    for (const path of ['/sign-in', '/connected-apps', '/oauth/authorize']) {
      const answer = await provider.fetch(path, { headers: { Origin: 'https://spa.example' } })
      expect(answer.headers.get('Access-Control-Allow-Origin')).toBeNull()
    }
  })
})
