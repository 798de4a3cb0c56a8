import type { memoryStore } from '@tenantry/connect'
import { beforeEach, describe, expect, it } from 'vitest'
import { AT_MI6, createTestApp } from '../../../../tests/support/kit.ts'
import { app, provider, store, useKit } from '../../../../tests/support/kit-of-test.ts'

const HOUR = 3_600_000

useKit({ installed: true })

describe('after a process slept through its lease', () => {
  /** A process whose refresh is under way for a while, and comes to this. */
  const startSlow = async (answer: (response: Response) => Promise<Response>) => {
    const fetch: typeof provider.options.fetch = async (input, init) => {
      const response = await provider.options.fetch(input, init)
      if (!String(input).endsWith('/oauth/token')) return response
      await new Promise(resolve => setTimeout(resolve, 200))
      return answer(response)
    }
    const slow = createTestApp(provider, { store, fetch })
    const asked = slow.connect.accessToken(AT_MI6)
    await new Promise(resolve => setTimeout(resolve, 50))
    return { slow, asked }
  }
  /** Another that takes the lease for run out, and refreshes. */
  const refreshMeanwhile = () => createTestApp(provider, { store: withoutLeases(store) }).connect.accessToken(AT_MI6)

  beforeEach(() => provider.pass(HOUR))

  it('after a process slept through its lease, the tokens that another process refreshed are kept', async () => {
    const { asked } = await startSlow(async response => {
      const body = (await response.json()) as object
      return Response.json({ ...body, access_token: 'late', refresh_token: 'later' })
    })
    const fast = await refreshMeanwhile()
    expect(await asked).toBe(fast)
    expect(await app.connect.accessToken(AT_MI6)).toBe(fast)
  })

  it('a refusal that arrives after the lease marks no link', async () => {
    const { slow, asked } = await startSlow(async () => Response.json({ error: 'invalid_grant' }, { status: 400 }))
    const fast = await refreshMeanwhile()
    expect(await asked).toBe(fast)
    expect(slow.reported.needsReauthorization).toEqual([])
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('active')
  })

  it('good tokens that arrive late repair a link that another process found refused', async () => {
    const { asked } = await startSlow(async response => response)
    const fetch = async () => Response.json({ error: 'invalid_grant' }, { status: 400 })
    const other = createTestApp(provider, { store: withoutLeases(store), fetch })
    await expect(other.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'needs_reauthorization' })
    expect(await asked).toMatch(/^tny_at_1_/)
    expect((await app.connect.links.find(AT_MI6))?.status).toBe('active')
  })
})

/** As a process sees it whose clock stood still: every lease is free. */
function withoutLeases(inner: ReturnType<typeof memoryStore>): ReturnType<typeof memoryStore> {
  return { ...inner, acquireLease: async () => true, releaseLease: async () => {} }
}
