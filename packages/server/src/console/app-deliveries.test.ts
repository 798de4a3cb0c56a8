import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { addOperator, removeInstallation } from 'tenantry'
import { describe, expect, it } from 'vitest'
import type { ShownPage } from '../../../../tests/support/person.ts'
import { BOND, HOUR, MI6 } from '../../../../tests/support/provider.ts'
import { person as bond, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { insertDelivery } from '../store/queries/callback-deliveries.ts'
import { deleteExpired } from '../store/queries/expired.ts'
import { listPendingCallbacks } from '../store/queries/uninstall-callbacks.ts'

describe('what an app was told of installations that ended', () => {
  useProvider(() => ({ companyApps: true }))

  it('what was sent to an app is on a page, with the status of each attempt, and why one failed', async () => {
    const { runtime } = provider
    const statuses = [503, 200]
    const heard: string[] = []
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      heard.push(body)
      response.writeHead(statuses.shift() ?? 200).end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = server.address() as AddressInfo
      const told = await provider.registerApp({ uninstallUrl: `http://127.0.0.1:${port}/gone` })
      await bond.code(told, { company: MI6 })
      await removeInstallation(runtime, { company_id: MI6, user_id: BOND, client_id: told.id })
      const attempts = async () => (await listPendingCallbacks(runtime.store))[0]?.attempts
      await expect.poll(attempts, { timeout: 10_000 }).toBe(1)
      provider.pass(60_000)
      await expect.poll(attempts, { timeout: 10_000 }).toBeUndefined()
      await addOperator(runtime, BOND)
      const path = `/operator/apps/${told.id}/deliveries`
      const lines = async () =>
        (await bond.open(path)).document.querySelectorAll('main .people li').map(each => each.structuredText)
      const [second, first] = await lines()
      expect(first).toContain('Attempt 1 · Answered 503')
      expect(first).toContain('the app answered 503')
      expect(second).toContain('Attempt 2 · Answered 200')
      for (const line of [first, second]) expect(line).toContain(heard[0])
      expect(JSON.parse(heard[0]!)).toMatchObject({ company_id: MI6, user_id: BOND, client_id: told.id })
      // For a week.
      provider.pass(9 * 24 * HOUR)
      while (await deleteExpired(runtime.store, provider.now() - 24 * HOUR));
      expect(await lines()).toEqual([])
    } finally {
      server.close()
    }
  })

  it('deliveries come page by page, and none of an app that had the client id before', async () => {
    const { runtime } = provider
    const told = await provider.registerApp({ clientId: 'told' })
    const row = (attempted_at: number) => ({
      ...{ company_id: MI6, client_id: told.id, attempted_at, user_id: BOND, ended_at: 5, attempt: 1 },
      ...{ status: 200, error: null, body: `{"n":${attempted_at}}`, expires_at: provider.now() + 24 * HOUR },
    })
    const times = [-1, ...Array.from({ length: 60 }, (_, index) => index)].map(each => provider.now() + each)
    await runtime.store.write(times.map(time => insertDelivery(runtime.store, row(time))))
    await addOperator(runtime, BOND)
    await bond.signIn()
    const shown = (page: ShownPage) =>
      page.document.querySelectorAll('main pre').map(each => JSON.parse(each.structuredText.replace(/<.*?>/g, '')).n)
    const first = await bond.open('/operator/apps/told/deliveries')
    const older = first.document.querySelector('a[href*="before="]')!.getAttribute('href')!
    const second = await bond.open(older.replaceAll('&amp;', '&'))
    expect(shown(first)).toHaveLength(50)
    expect([...shown(first), ...shown(second)]).toEqual(times.slice(1).reverse())
    expect((await bond.open('/operator/apps/told/deliveries?before=x')).status).toBe(200)
  })
})
