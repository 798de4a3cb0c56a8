import { narrowInstallation } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { admin, useAdmin } from '../../../../tests/support/admin.ts'
import { beforeWrite } from '../../../../tests/support/before-write.ts'
import type { TokenAnswer } from '../../../../tests/support/client.ts'
import { BOND, MI6, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'

describe('scopes that are taken back', () => {
  useProvider()
  useAdmin()
  const key = () => ({ company_id: MI6, user_id: BOND, client_id: client.id })
  const users = (token: string) =>
    provider.fetch('/users', { headers: { Authorization: `Bearer ${token}` } }).then(({ status }) => status)
  /** From the link beside the installation at MI6. */
  const openForm = async () => {
    const page = await person.open('/connected-apps')
    const links = page.document.querySelectorAll('.installations a').map(each => each.getAttribute('href')!)
    return person.open(links.find(each => each.endsWith(`company_id=${MI6}`))!)
  }
  let tokens: TokenAnswer

  beforeEach(async () => {
    tokens = await client.tokens(await person.code(client, { company: MI6 }))
    expect(await users(tokens.access_token)).toBe(200)
  })

  it('[OA-32] a scope that a person takes back is refused at the next request, and what is left goes on', async () => {
    const elsewhere = await client.tokens(await person.code(client, { company: UNIVERSAL_EXPORTS }))
    const page = await openForm()
    expect(page.text).toContain('MI6')
    const field = (name: string) => page.document.querySelector(`main input[name=${name}]`)!.getAttribute('value')!
    const answer = await person.request('/connected-apps/scopes', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        form_token: field('form_token'),
        ...{ client_id: field('client_id'), company_id: field('company_id'), 'keep:base': 'on' },
      }).toString(),
    })
    expect(answer.status).toBe(303)
    expect(await users(tokens.access_token)).toBe(403)
    expect((await client.me(tokens.access_token)).status).toBe(200)
    expect(await users(elsewhere.access_token)).toBe(200)
    expect(await (await client.introspect(tokens.access_token)).json()).toMatchObject({ active: true, scope: 'base' })
    const refreshed = await client.refreshed(tokens.refresh_token)
    expect(refreshed.scope).toBe('base')
    expect((await client.refreshed(refreshed.refresh_token, { scope: 'users:read' })).error).toBe('invalid_scope')
  })

  it('[OA-17] a code that was given before loses it as well', async () => {
    const code = await person.code(client, { company: MI6 })
    await narrowInstallation(provider.runtime, key(), ['base'])
    expect((await client.tokens(code)).scope).toBe('base')
  })

  it('the app asks for it again as for what is new, and keeps what it has meanwhile', async () => {
    await narrowInstallation(provider.runtime, key(), ['base'])
    const silently = await person.request(client.authorizePath({ prompt: 'none', company_id: String(MI6) }))
    expect(silently.headers.get('Location')).toContain('error=consent_required')
    const page = await person.reachConsent(client, { company: MI6 })
    const news = page.document.querySelectorAll('.can-do li').filter(each => each.text.includes('New:'))
    expect(news.map(({ text }) => text)).toEqual([expect.stringContaining('See the people of this company')])
    expect((await client.me(tokens.access_token)).status).toBe(200)
  })

  it('[OA-25] a refresh at the same moment gives no token that has it, however they fall', async () => {
    for (let round = 0; round < 20; round++) {
      const fresh = await client.tokens(await person.code(client, { company: MI6 }))
      const [refreshed] = await Promise.all([
        client.refreshed(fresh.refresh_token),
        narrowInstallation(provider.runtime, key(), ['base']),
      ])
      expect(await users(refreshed.access_token)).toBe(403)
      expect((await client.refreshed(refreshed.refresh_token)).scope).toBe('base')
    }
  })

  it('[OA-25] a code that is exchanged at the same moment gives no token that has it', async () => {
    for (let round = 0; round < 20; round++) {
      const code = await person.code(client, { company: MI6 })
      const [given] = await Promise.all([client.tokens(code), narrowInstallation(provider.runtime, key(), ['base'])])
      expect(await users(given.access_token)).toBe(403)
    }
  })

  const TOKENS = /insert into "access_tokens"/i
  it.each([
    [
      'a code',
      async () => {
        const code = await person.code(client, { company: MI6 })
        return () => client.tokens(code)
      },
    ],
    ['a refresh', async () => () => client.refreshed(tokens.refresh_token)],
    [
      'a retry',
      async () => {
        // A used token gives another access token only where another is asked for than before.
        await client.refreshed(tokens.refresh_token, { scope: 'base' })
        return () => client.refreshed(tokens.refresh_token)
      },
    ],
  ])('[OA-17] [OA-25] %s that was read before and is written after gives no token that has it', async (_, prepare) => {
    const ask = await prepare()
    const hasRun = beforeWrite(provider.runtime, TOKENS, () => narrowInstallation(provider.runtime, key(), ['base']))
    const given = await ask()
    expect([hasRun(), given.scope ?? given.error]).toEqual([true, 'base'])
    expect(await users(given.access_token)).toBe(403)
    expect((await client.refreshed(given.refresh_token)).scope).toBe('base')
  })

  it('[OA-24] a lost answer is given again without it', async () => {
    const first = await client.refreshed(tokens.refresh_token)
    await narrowInstallation(provider.runtime, key(), ['base'])
    const again = await client.refreshed(tokens.refresh_token)
    expect([again.refresh_token, again.scope]).toEqual([first.refresh_token, 'base'])
    expect(await users(again.access_token)).toBe(403)
  })

  it('over the admin API: what is kept, nothing that it has not, and never none', async () => {
    const path = `/companies/${MI6}/members/${BOND}/installations/${client.id}`
    expect((await admin('PATCH', path, { scopes: [] })).status).toBe(400)
    expect((await admin('PATCH', path, { scopes: ['another'] })).status).toBe(400)
    const { body } = await admin('PATCH', path, { scopes: ['base', 'another'] })
    expect(body).toMatchObject({ scopes: ['base'] })
    expect((await admin('PATCH', path.replace(client.id, 'nope'), { scopes: ['base'] })).status).toBe(404)
    const events = await admin('GET', `/audit-events?company_id=${MI6}&action=installation.changed`)
    expect(events.body.data).toMatchObject([{ user_id: BOND, facts: { withdrawn: ['users:read'] } }])
  })

  it('[OA-11] only a form of this session takes scopes back, from one’s own apps', async () => {
    const page = await openForm()
    expect((await person.submit(page, { form_token: 'x' })).status).toBe(403)
    await person.submit(page, { client_id: 'nope' })
    expect((await person.submit(page, { company_id: 'x' })).status).toBe(400)
    for (const query of ['', '?client_id=nope&company_id=1', '?client_id=nope&company_id=x']) {
      expect((await person.request(`/connected-apps/scopes${query}`)).headers.get('Location')).toBe('/connected-apps')
    }
    const withoutSession = await provider.person().request('/connected-apps/scopes')
    expect(withoutSession.headers.get('Location')).toContain('/sign-in')
    expect(await users(tokens.access_token)).toBe(200)
  })
})
