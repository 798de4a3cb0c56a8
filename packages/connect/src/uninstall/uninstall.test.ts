import { memoryStore } from '@tenantry/connect'
import { uninstallRequest } from '@tenantry/connect/testing'
import { removeInstallation } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { APP_CALLBACK, AT_EXPORTS, AT_MI6, BOND, createTestApp } from '../../../../tests/support/kit.ts'
import { app, provider, store, useApp, useKit } from '../../../../tests/support/kit-of-test.ts'

const HOUR = 3_600_000

useKit({ installed: true })

const hear = (endedAt: number, reference = AT_MI6) => {
  const { clientId, clientSecret } = provider.options
  return app.connect.handler(uninstallRequest(APP_CALLBACK, clientId, clientSecret, reference, endedAt))
}
const statusOf = async () => (await app.connect.links.find(AT_MI6))?.status
const removeAtProvider = () =>
  removeInstallation(provider.tenantry.runtime, { company_id: 1, user_id: 777, client_id: provider.options.clientId })

describe('an uninstall', () => {
  it('an uninstall closes the link, erases the tokens and tells the app', async () => {
    provider.pass(HOUR / 2)
    expect((await provider.uninstall(app.connect, AT_MI6)).status).toBe(200)
    expect(await store.findLink({ provider: 'tenantry', ...AT_MI6 })).toMatchObject({
      status: 'uninstalled',
      tokens: null,
      tokensExpireAt: null,
      accountId: 'account-1',
    })
    expect(app.reported.uninstalled).toEqual(['tenantry:1:777'])
    await expect(app.connect.accessToken(AT_MI6)).rejects.toMatchObject({ code: 'disconnected' })
  })

  it('an uninstall that comes again changes nothing and calls no hook twice', async () => {
    for (let time = 0; time < 3; time++) expect((await hear(provider.now())).status).toBe(200)
    expect(app.reported.uninstalled).toEqual(['tenantry:1:777'])
  })

  it('an uninstall that comes many times at once calls the hook once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => hear(provider.now())))
    for (const { status } of answers) expect([200, 503]).toContain(status)
    expect(app.reported.uninstalled).toEqual(['tenantry:1:777'])
  })

  it('an uninstall that came late, after the next install, is ignored', async () => {
    const endedAt = provider.now() + 1000
    provider.pass(HOUR)
    await provider.install(app.connect, { ...BOND, company: 1 })
    const asked = provider.requestsTo('/users/me')
    expect((await hear(endedAt)).status).toBe(200)
    expect(await statusOf()).toBe('active')
    expect(app.reported.uninstalled).toEqual([])
    expect(provider.requestsTo('/users/me')).toBe(asked)
  })

  it('an uninstall and an install at the same moment are told apart by asking the provider', async () => {
    const endedAt = provider.now() - 500
    const asked = provider.requestsTo('/users/me')
    expect((await hear(endedAt)).status).toBe(200)
    expect(await statusOf()).toBe('active')
    expect(provider.requestsTo('/users/me')).toBe(asked + 1)
    await removeAtProvider()
    expect((await hear(endedAt)).status).toBe(200)
    expect(await statusOf()).toBe('uninstalled')
  })

  it('an uninstall that cannot be told apart while the provider is away is asked to come again', async () => {
    provider.faults.next('users_me', { kind: 'no_connection' })
    const answer = await hear(provider.now() - 500)
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([503, '30'])
    expect(await statusOf()).toBe('active')
  })

  it('an uninstall of a user who is not linked is answered as done', async () => {
    expect((await hear(provider.now(), AT_EXPORTS)).status).toBe(200)
    expect(app.reported.uninstalled).toEqual([])
  })

  it('an uninstall calls the hook again when the hook failed', async () => {
    let failures = 1
    const reported: string[] = []
    useApp({
      onUninstall: link => {
        if (failures-- > 0) throw new Error('the database of the app is down')
        reported.push(link.identity.key)
      },
    })
    expect((await hear(provider.now())).status).toBe(500)
    expect(await statusOf()).toBe('uninstalled')
    expect((await hear(provider.now())).status).toBe(200)
    expect((await hear(provider.now())).status).toBe(200)
    expect(reported).toEqual(['tenantry:1:777'])
  })

  it('an uninstall of a link that waits for reauthorization closes it too', async () => {
    provider.pass(61 * 24 * HOUR)
    await app.connect.accessToken(AT_MI6).catch(() => {})
    expect(await statusOf()).toBe('needs_reauthorization')
    expect((await hear(provider.now())).status).toBe(200)
    expect(await statusOf()).toBe('uninstalled')
  })

  it('an uninstall leaves a link that the app disconnected as it is', async () => {
    await app.connect.disconnect(AT_MI6)
    expect((await hear(provider.now())).status).toBe(200)
    expect(await statusOf()).toBe('disconnected')
    expect(app.reported.uninstalled).toEqual([])
  })

  it('an uninstall is followed by an install on the same account', async () => {
    await provider.uninstall(app.connect, AT_MI6)
    provider.pass(1000)
    await provider.install(app.connect, { ...BOND, company: 1 })
    expect(await app.connect.links.find(AT_MI6)).toMatchObject({ status: 'active', accountId: 'account-1' })
    expect(app.accounts.length).toBe(1)
  })

  it('an uninstall goes by the provider’s clock, when its clock is not ours', async () => {
    const [skew, ours] = [90_000, provider.options.clock]
    const fetch: typeof provider.options.fetch = async (input, init) => {
      const answer = await provider.options.fetch(input, init)
      const withDate = new Response(answer.body, answer)
      withDate.headers.set('Date', new Date(ours() + skew).toUTCString())
      return withDate
    }
    const behind = createTestApp(provider, { store: memoryStore(), fetch })
    await provider.install(behind.connect, { ...BOND, company: 1 })
    const installedAt = (await behind.connect.links.find(AT_MI6))!.installedAt
    expect(Math.abs(installedAt - (ours() + skew))).toBeLessThan(1000)
  })

  const bodies: [string, BodyInit][] = [
    ['no JSON', 'client_id=x'],
    ['nothing', ''],
    ['a list', '[]'],
    ['ids as text', JSON.stringify({ company_id: '1', user_id: '777', timestamp: '2027-01-01T00:00:00Z' })],
    ['no timestamp', JSON.stringify({ company_id: 1, user_id: 777 })],
    ['a timestamp that is none', JSON.stringify({ company_id: 1, user_id: 777, timestamp: 'yesterday' })],
    ['2^53+1', '{"company_id":1,"user_id":9007199254740993,"timestamp":"2027-01-01T00:00:00Z"}'],
    ['a megabyte', JSON.stringify({ company_id: 1, user_id: 777, timestamp: 'x'.repeat(1_000_000) })],
    ['an infinite stream', endless()],
  ]
  it.each(bodies)('an uninstall with %s for a body is refused, and changes nothing', async (_, body) => {
    const { clientId, clientSecret } = provider.options
    const text = typeof body === 'string' ? body.replace(/^{/, `{"client_id":"${clientId}",`) : body
    const request = new Request(APP_CALLBACK, {
      method: 'DELETE',
      headers: { Authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
      body: text,
      duplex: 'half',
    } as RequestInit)
    expect((await app.connect.handler(request)).status).toBe(400)
    expect(await statusOf()).toBe('active')
  })

  it('for another app is refused', async () => {
    const { clientId, clientSecret } = provider.options
    const request = new Request(APP_CALLBACK, {
      method: 'DELETE',
      headers: { Authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
      body: JSON.stringify({ client_id: 'another', company_id: 1, user_id: 777, timestamp: '2027-01-01T00:00:00Z' }),
    })
    expect((await app.connect.handler(request)).status).toBe(400)
    expect(await statusOf()).toBe('active')
  })
})

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: controller => controller.enqueue(new Uint8Array(65_536).fill(32)),
  })
}
