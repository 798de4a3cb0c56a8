import { describe, expect, it } from 'vitest'
import { BOND } from '../../../../tests/support/kit.ts'
import { app, provider, useKit } from '../../../../tests/support/kit-of-test.ts'

const BOND_AT_MI6 = { ...BOND, company: 1 }

useKit()

describe('answers that lead elsewhere', () => {
  it.each([
    'https://evil.example',
    'https://localhost.evil.example',
    'http://evil.example:4040',
    'https://user:password@localhost:4040',
    'http://localhost:4041',
    'ftp://localhost:4040',
    'not an address',
    '',
  ])('api_domain %j is refused, and no token is sent', async apiDomain => {
    provider.faults.next('token', { kind: 'forged', forge: body => ({ ...body, api_domain: apiDomain }) })
    const answer = await provider.install(app.connect, BOND_AT_MI6)
    expect(answer.status).toBe(502)
    expect(app.reported.errors[0]).toMatchObject({ code: 'host_not_allowed' })
    expect(provider.requestsTo('/users/me')).toBe(0)
    expect(app.accounts).toEqual([])
  })

  it('a company’s own host below the provider’s is fine', async () => {
    provider.faults.next('token', {
      kind: 'forged',
      forge: body => ({ ...body, api_domain: 'http://mi6.localhost:4040' }),
    })
    const answer = await provider.install(app.connect, BOND_AT_MI6)
    // The test has no server there: but it was asked.
    expect(answer.status).toBe(503)
    expect(app.reported.errors[0]).toMatchObject({ code: 'provider_unavailable' })
  })
})
