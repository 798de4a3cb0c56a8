import { describe, expect, it } from 'vitest'
import { AT_EXPORTS, AT_MI6, BOND, createTestApp, KEY } from '../../../../tests/support/kit.ts'
import { app, provider, store, useKit } from '../../../../tests/support/kit-of-test.ts'

const HOUR = 3_600_000
const KEY_2 = 'another encryption key of the tests, later on'

const tokenRequests = () => provider.requestsTo('/oauth/token') - 1

useKit({ installed: true })

const key = { provider: 'tenantry', ...AT_MI6 }

describe('tokens at rest', () => {
  it('tokens at rest are nowhere in the store in plain', async () => {
    const link = (await store.findLink(key))!
    const accessToken = await app.connect.accessToken(AT_MI6)
    expect(JSON.stringify(link)).not.toContain(accessToken.slice(-40))
    expect(JSON.stringify(link)).not.toContain('tny_')
  })

  it('tokens at rest do not open in another row, or when one character was changed', async () => {
    await provider.install(app.connect, { ...BOND, company: 2 })
    const mine = (await store.findLink(key))!
    const other = (await store.findLink({ ...key, ...AT_EXPORTS }))!
    await store.replaceLink({ ...other, tokens: mine.tokens, version: other.version + 1 })
    await expect(app.connect.accessToken(AT_EXPORTS)).rejects.toMatchObject({ code: 'tokens_unreadable' })
    const at = mine.tokens!.length - 5
    const changed = mine.tokens!.slice(0, at) + (mine.tokens![at] === 'A' ? 'B' : 'A') + mine.tokens!.slice(at + 1)
    await store.replaceLink({ ...mine, tokens: changed, version: mine.version + 1 })
    await expect(app.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'tokens_unreadable' })
  })

  it('tokens at rest are encrypted again with every write', async () => {
    const before = (await store.findLink(key))!.tokens
    provider.pass(HOUR)
    await app.connect.accessToken(AT_MI6)
    expect((await store.findLink(key))!.tokens).not.toBe(before)
  })

  it('tokens at rest are read under an earlier key, and say which key is missing', async () => {
    const rotated = createTestApp(provider, { store, encryptionKeys: [KEY_2, KEY] })
    expect(await rotated.connect.accessToken(AT_MI6)).toBe(await app.connect.accessToken(AT_MI6))
    const tooEarly = createTestApp(provider, { store, encryptionKeys: [KEY_2] })
    await expect(tooEarly.connect.accessToken(AT_MI6)).rejects.toThrow(
      /under the key \S+, which is not in encryptionKeys/,
    )
  })

  it('tokens at rest are rewrapped under the current key, with progress, and the earlier key can go', async () => {
    await provider.install(app.connect, { ...BOND, company: 2 })
    const rotated = createTestApp(provider, { store, encryptionKeys: [KEY_2, KEY] })
    const progress: unknown[] = []
    expect(await rotated.connect.rewrap(step => progress.push(step))).toEqual({ seen: 2, rewrapped: 2, unreadable: 0 })
    expect(progress).toEqual([{ seen: 2, rewrapped: 2, unreadable: 0 }])
    expect(await rotated.connect.rewrap()).toEqual({ seen: 2, rewrapped: 0, unreadable: 0 })
    const later = createTestApp(provider, { store, encryptionKeys: [KEY_2] })
    expect(await later.connect.accessToken(AT_MI6)).toMatch(/^tny_at_1_/)
    const lost = createTestApp(provider, { store, encryptionKeys: ['a key that has nothing to do with these'] })
    expect(await lost.connect.rewrap()).toEqual({ seen: 2, rewrapped: 0, unreadable: 2 })
  })

  it('tokens at rest are looked at again where the app wrote at the same moment as the rewrapping', async () => {
    let busy = true
    const contended = {
      ...store,
      replaceLink: async (link: Parameters<typeof store.replaceLink>[0]) => {
        if (!busy) return store.replaceLink(link)
        busy = false
        return false
      },
    }
    const rotated = createTestApp(provider, { store: contended, encryptionKeys: [KEY_2, KEY] })
    expect(await rotated.connect.rewrap()).toMatchObject({ rewrapped: 1 })
    const later = createTestApp(provider, { store, encryptionKeys: [KEY_2] })
    expect(await later.connect.accessToken(AT_MI6)).toMatch(/^tny_at_1_/)
  })

  it('tokens at rest are not lost when they are rewrapped while they are refreshed', async () => {
    const old = createTestApp(provider, { store, encryptionKeys: [KEY, KEY_2] })
    const rotated = createTestApp(provider, { store, encryptionKeys: [KEY_2, KEY] })
    const before = await app.connect.accessToken(AT_MI6)
    provider.pass(HOUR)
    provider.faults.next('token', { kind: 'slow', milliseconds: 150 })
    const refreshing = old.connect.accessToken(AT_MI6)
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(await rotated.connect.rewrap()).toMatchObject({ rewrapped: 1 })
    const token = await refreshing
    expect(token).not.toBe(before)
    expect(await rotated.connect.accessToken(AT_MI6)).toBe(token)
    expect(tokenRequests()).toBe(1)
  })
})
