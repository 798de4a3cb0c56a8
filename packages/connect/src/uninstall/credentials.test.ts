import { uninstallRequest } from '@tenantry/connect/testing'
import { describe, expect, it } from 'vitest'
import { APP_CALLBACK, AT_MI6, BOND } from '../../../../tests/support/kit.ts'
import { app, provider, useKit } from '../../../../tests/support/kit-of-test.ts'

const BOND_AT_MI6 = { ...BOND, company: 1 }

useKit()

describe('an uninstall that the provider did not send', () => {
  const forged: [string, (id: string, secret: string) => Request, number][] = [
    ['without credentials', () => new Request(APP_CALLBACK, { method: 'DELETE', body: '{}' }), 401],
    ['with a wrong secret', id => uninstallRequest(APP_CALLBACK, id, 'wrong', AT_MI6, Date.UTC(2027, 0)), 401],
    [
      'with another client id',
      (_, secret) => uninstallRequest(APP_CALLBACK, 'other', secret, AT_MI6, Date.UTC(2027, 0)),
      401,
    ],
    [
      'with a broken header',
      () => new Request(APP_CALLBACK, { method: 'DELETE', headers: { Authorization: 'Basic %%%' } }),
      401,
    ],
    [
      'with a bearer token',
      () => new Request(APP_CALLBACK, { method: 'DELETE', headers: { Authorization: 'Bearer x' } }),
      401,
    ],
  ]
  it.each(forged)('%s changes nothing', async (_, request, status) => {
    await provider.install(app.connect, BOND_AT_MI6)
    const { clientId, clientSecret } = provider.options
    expect((await app.connect.handler(request(clientId, clientSecret))).status).toBe(status)
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('active')
    expect(app.reported.uninstalled).toEqual([])
  })
})
