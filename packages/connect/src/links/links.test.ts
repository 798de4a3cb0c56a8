import { memoryStore } from '@tenantry/connect'
import { describe, expect, it } from 'vitest'
import { AT_EXPORTS, AT_MI6, BOND, createTestApp } from '../../../../tests/support/kit.ts'
import { app, provider, useKit } from '../../../../tests/support/kit-of-test.ts'

const DAY = 24 * 3600 * 1000

useKit()

describe('links', () => {
  const adopt = (userId: number, apiDomain?: string) =>
    app.connect.links.adopt({
      accountId: `account-${userId}`,
      identity: { companyId: 1, userId },
      accessToken: 'an access token',
      refreshToken: 'a refresh token',
      expiresAt: provider.now() + DAY,
      ...(apiDomain !== undefined && { apiDomain }),
    })

  it('links are listed page by page, in the order of their keys', async () => {
    for (const userId of [5, 3, 9, 7]) await adopt(userId)
    const first = await app.connect.links.list({ limit: 3 })
    expect(first.map(({ userId }) => userId)).toEqual([3, 5, 7])
    const rest = await app.connect.links.list({ after: first.at(-1)!, limit: 3 })
    expect(rest.map(({ userId }) => userId)).toEqual([9])
    expect(await app.connect.links.list({ after: rest.at(-1)! })).toEqual([])
  })

  it.each(['localhost:4040', 'http://localhost:4040', 'HTTP://LOCALHOST:4040', 'http://localhost:4040/api/v1/'])(
    'links that are imported with the API at %s can be used',
    async apiDomain => {
      const asked: string[] = []
      const calls = createTestApp(provider, {
        store: memoryStore(),
        fetch: async input => {
          asked.push(String(input))
          return new Response('{}')
        },
      })
      await calls.connect.links.adopt({
        accountId: 'a',
        identity: AT_MI6,
        accessToken: 'x',
        refreshToken: 'y',
        expiresAt: provider.now() + DAY,
        apiDomain,
      })
      await calls.connect.fetch(AT_MI6, '/api/v1/deals')
      expect(asked).toEqual(['http://localhost:4040/api/v1/deals'])
    },
  )

  it.each(['https://evil.example', 'evil.example', 'not an address', ''])(
    'links with the API at %j are not imported',
    async apiDomain => {
      await expect(adopt(777, apiDomain)).rejects.toMatchObject({ code: 'host_not_allowed' })
      expect(await app.connect.links.find(AT_MI6)).toBeUndefined()
    },
  )

  it('links are kept alive when unused', async () => {
    await provider.install(app.connect, { ...BOND, company: 1 })
    provider.pass(20 * DAY)
    await provider.install(app.connect, { ...BOND, company: 2 })
    expect(await app.connect.keepAlive()).toEqual({ refreshed: 0, refused: 0, failed: 0 })
    for (let month = 0; month < 4; month++) {
      provider.pass(31 * DAY)
      expect(await app.connect.keepAlive()).toEqual({ refreshed: 2, refused: 0, failed: 0 })
    }
    for (const at of [AT_MI6, AT_EXPORTS]) expect((await app.connect.fetch(at, '/users/me')).status).toBe(200)
  })
})
