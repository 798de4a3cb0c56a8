import { describe, expect, it } from 'vitest'
import { AT_MI6 } from '../../../../tests/support/kit.ts'
import { app, provider, store, useKit } from '../../../../tests/support/kit-of-test.ts'
import { leaseOf } from '../store/wait-for-lease.ts'

useKit({ installed: true })

const key = { provider: 'tenantry', ...AT_MI6 }

describe('disconnecting from the app’s side', () => {
  it('disconnecting ends the tokens at the provider and here', async () => {
    const token = await app.connect.accessToken(AT_MI6)
    await app.connect.disconnect(AT_MI6)
    const me = await provider.options.fetch(`${provider.origin}/users/me`, {
      headers: { Authorization: `Bearer ${token}` },
    })
    expect(me.status).toBe(401)
    expect(await store.findLink(key)).toMatchObject({ status: 'disconnected', tokens: null })
    await expect(app.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'disconnected' })
    await app.connect.disconnect(AT_MI6)
    expect(app.reported.uninstalled).toEqual([])
  })

  it('changes nothing when the provider does not answer', async () => {
    provider.faults.next('revoke', { kind: 'no_connection' })
    await expect(app.connect.disconnect(AT_MI6)).rejects.toMatchObject({ code: 'provider_unavailable' })
    expect((await app.connect.fetch(AT_MI6, '/users/me')).status).toBe(200)
    await app.connect.disconnect(AT_MI6)
  })

  it('disconnecting forgets a link altogether', async () => {
    await app.connect.forget(AT_MI6)
    expect(await store.findLink(key)).toBeUndefined()
    await expect(app.connect.disconnect(AT_MI6)).rejects.toMatchObject({ code: 'link_missing' })
  })

  it('disconnecting waits for a refresh that is going on', async () => {
    const holder = 'a process that is gone'
    await store.acquireLease(leaseOf(key), holder, 200)
    await app.connect.disconnect(AT_MI6)
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('disconnected')
  })
})
