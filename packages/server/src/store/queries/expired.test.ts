import { describe, expect, it } from 'vitest'
import { DAY, HOUR, MI6 } from '../../../../../tests/support/provider.ts'
import { client, provider, useProvider } from '../../../../../tests/support/provider-of-test.ts'
import { deleteExpired } from './expired.ts'

describe('what has run out', () => {
  useProvider()

  const sweep = () => deleteExpired(provider.runtime.store, provider.now())
  const count = async (table: 'authorization_codes' | 'access_tokens' | 'refresh_tokens' | 'sessions') =>
    (await provider.runtime.store.db.selectFrom(table).selectAll().execute()).length

  it('an expired row is deleted once it cannot be needed', async () => {
    const { refresh_token } = await client.tokens(await provider.person().code(client, { company: MI6 }))
    await client.refreshed(refresh_token)
    await provider.person().code(client, { company: MI6 })
    provider.pass(HOUR)
    expect(await sweep()).toBe(false)
    // The used code stays with its tokens, since its second use must end them; the unused one goes.
    expect(await count('authorization_codes')).toBe(1)
    expect(await count('refresh_tokens')).toBe(2)
    provider.pass(61 * DAY)
    await sweep()
    await sweep()
    expect([
      await count('authorization_codes'),
      await count('access_tokens'),
      await count('refresh_tokens'),
      await count('sessions'),
    ]).toEqual([0, 0, 0, 0])
  })

  it('cleaning works in small batches, and says when there is more', async () => {
    const { store } = provider.runtime
    const rows = Array.from({ length: 600 }, (_, index) => ({ limit_key: `k${index}`, full_at: provider.now() }))
    const { statement } = await import('../store.ts')
    await store.write(rows.map(row => statement(store.db.insertInto('attempt_limits').values(row))))
    expect(await sweep()).toBe(true)
    expect(await sweep()).toBe(false)
    expect(await store.db.selectFrom('attempt_limits').selectAll().execute()).toEqual([])
  })

  it('cleaning deletes nothing that is still valid', async () => {
    const tokens = await client.tokens(await provider.person().code(client, { company: MI6 }))
    await sweep()
    expect((await client.me(tokens.access_token)).status).toBe(200)
    expect((await client.refresh(tokens.refresh_token)).status).toBe(200)
  })
})
