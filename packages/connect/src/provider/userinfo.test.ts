import { tenantry } from '@tenantry/connect'
import { setMember } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AT_EXPORTS, BOND, createTestApp, startKitProvider, type TestApp } from '../../../../tests/support/kit.ts'
import type { TestProvider } from '../testing/index.ts'
import { readUserinfo } from './userinfo.ts'

const tokenOf = (payload: object) => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.x`
const USERINFO = { sub: 'c1-u777', company_id: 1, user_id: 777 }

describe('tenantry({ openid: true })', () => {
  let provider: TestProvider
  let app: TestApp

  beforeEach(async () => {
    provider = await startKitProvider({ app: { scopes: ['openid', 'profile', 'email'] } })
    app = createTestApp(provider, { provider: tenantry({ issuer: provider.origin, openid: true }) })
  })
  afterEach(() => provider.close())

  it('an install by OpenID Connect knows who someone is there, without the scope base', async () => {
    const answer = await provider.install(app.connect, { ...BOND, company: 2 })
    expect(answer.status).toBe(303)
    expect(await app.connect.links.find(AT_EXPORTS)).toMatchObject({
      scopes: ['openid', 'profile', 'email'],
      identity: {
        key: 'tenantry:2:777',
        name: 'James Bond',
        email: 'j.bond@universal-exports.example',
        locale: 'en-GB',
        timeZone: 'Europe/Helsinki',
        companyName: 'Universal Exports',
        companyDomain: 'universal-exports',
      },
    })
    expect([provider.requestsTo('/users/me'), provider.requestsTo('/oauth/userinfo')]).toEqual([0, 1])
  })

  it('a link by OpenID Connect is refreshed and looked at again', async () => {
    await provider.install(app.connect, { ...BOND, company: 2 })
    await setMember(provider.tenantry.runtime, 2, 777, { name: 'Commander Bond' })
    provider.pass(2 * 3600 * 1000)
    await provider.install(app.connect, { ...BOND, company: 2 })
    expect((await app.connect.links.find(AT_EXPORTS))?.identity.name).toBe('Commander Bond')
    expect(app.accounts).toHaveLength(1)
  })

  it.each([
    ['about someone else', tokenOf({ sub: 'c1-u778' })],
    ['about another company', tokenOf({ sub: 'c2-u777' })],
    ['missing', null],
    ['no JWT', 'x'],
    ['without sub', tokenOf({})],
    ['no object', tokenOf([])],
  ])('an install is refused when the ID token is %s', (_what, idToken) => {
    expect(() => readUserinfo(USERINFO, idToken)).toThrow('The ID token is about someone else')
  })

  it('userinfo that does not name a user and a company is refused, and odd details spoil nothing', () => {
    for (const odd of [
      null,
      {},
      { ...USERINFO, user_id: '777' },
      { ...USERINFO, company_id: 0 },
      { ...USERINFO, sub: 7 },
    ]) {
      expect(() => readUserinfo(odd, undefined)).toThrow('does not say who this is')
    }
    const odd = { ...USERINFO, name: 7, email: {}, locale: '!', zoneinfo: [], role_id: 'x', is_admin: 'yes' }
    expect(readUserinfo(odd, tokenOf({ sub: 'c1-u777' }))).toMatchObject({
      companyId: 1,
      userId: 777,
      name: '',
      locale: null,
    })
  })
})
