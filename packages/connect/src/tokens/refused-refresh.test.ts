import { describe, expect, it } from 'vitest'
import { AT_MI6, BOND, createTestApp } from '../../../../tests/support/kit.ts'
import { app, provider, store, useKit } from '../../../../tests/support/kit-of-test.ts'

/** After it, a refresh token that was not used has expired. */
const REFRESH_TOKENS_EXPIRE = 61 * 24 * 3_600_000

useKit({ installed: true })

describe('a refresh that the provider refuses', () => {
  it('a refused refresh marks the link and calls the hook once, however often a token is asked for', async () => {
    const others = Array.from({ length: 4 }, () => createTestApp(provider, { store }))
    provider.pass(REFRESH_TOKENS_EXPIRE)
    const apps = [app, ...others]
    const asked = apps.flatMap(({ connect }) => Array.from({ length: 5 }, () => connect.accessToken(AT_MI6)))
    for (const result of await Promise.allSettled(asked)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'needs_reauthorization' } })
    }
    await expect(app.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'needs_reauthorization' })
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('needs_reauthorization')
    expect(apps.flatMap(({ reported }) => reported.needsReauthorization)).toEqual(['tenantry:1:777'])
    // The first was the install's.
    expect(provider.requestsTo('/oauth/token')).toBe(2)
  })

  it('a refused refresh calls the hook again where the hook failed', async () => {
    let failures = 1
    const reported: string[] = []
    const shaky = createTestApp(provider, {
      store,
      onNeedsReauthorization: link => {
        if (failures-- > 0) throw new Error('the mail server is away')
        reported.push(link.identity.key)
      },
    })
    provider.pass(REFRESH_TOKENS_EXPIRE)
    for (let round = 0; round < 3; round++) {
      await expect(shaky.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'needs_reauthorization' })
    }
    expect(reported).toEqual(['tenantry:1:777'])
    expect(shaky.reported.errors.length).toBe(1)
  })

  it('a refused link works again after the next install, on the same account', async () => {
    provider.pass(REFRESH_TOKENS_EXPIRE)
    await app.connect.accessToken(AT_MI6).catch(() => {})
    await provider.install(app.connect, { ...BOND, company: 1 })
    expect(await app.connect.links.find(AT_MI6)).toMatchObject({ status: 'active', accountId: 'account-1' })
    expect(await app.connect.accessToken(AT_MI6)).toMatch(/^tny_at_1_/)
    expect(app.accounts.length).toBe(1)
  })
})
