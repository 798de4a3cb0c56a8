import { describe, expect, it } from 'vitest'
import { MI6, MONEYPENNY_EMAIL, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'

describe('Connected apps', () => {
  useProvider()

  it('Connected apps shows which app was allowed, for which company, since when and what it may do', async () => {
    await person.code(client, { company: UNIVERSAL_EXPORTS })
    const page = await person.open('/connected-apps')
    for (const text of [
      'Field Notes',
      'by Field Notes Ltd',
      'Universal Exports',
      'Allowed on 15 January 2026',
      'See who you are at this company',
      'See the people of this company',
    ]) {
      expect(page.text).toContain(text)
    }
    expect(page.document.querySelector('.installations')?.text).not.toContain('MI6')
  })

  it('Connected apps shows nothing of other people', async () => {
    await person.code(client, { company: MI6 })
    const other = provider.person()
    await other.signIn(MONEYPENNY_EMAIL)
    expect((await other.open('/connected-apps')).text).toContain('You have not allowed any app yet')
  })

  it('Connected apps names no company of others, whatever the address says', async () => {
    const moneypenny = provider.person()
    await moneypenny.signIn(MONEYPENNY_EMAIL)
    const page = await moneypenny.open(`/connected-apps?removed=${client.id}&company_id=${UNIVERSAL_EXPORTS}`)
    expect(page.text).not.toContain('Universal Exports')
  })

  it('Connected apps removes an installation at once, and only that one', async () => {
    const first = await client.tokens(await person.code(client, { company: MI6 }))
    const second = await client.tokens(await person.code(client, { company: UNIVERSAL_EXPORTS }))
    const page = await person.open('/connected-apps')
    const after = await person.submitAndFollow(page, { client_id: client.id, company_id: String(MI6) })
    expect(after.text).toContain('Field Notes was removed from MI6')
    expect((await client.me(first.access_token)).status).toBe(401)
    expect((await client.me(second.access_token)).status).toBe(200)
  })

  it('Connected apps removes nothing of another user, nothing for another site, and nothing twice', async () => {
    const tokens = await client.tokens(await person.code(client, { company: MI6 }))
    const thief = provider.person()
    await thief.code(client, { email: MONEYPENNY_EMAIL })
    const page = await thief.open('/connected-apps')
    await thief.submit(page, { user_id: '777' })
    expect((await client.me(tokens.access_token)).status).toBe(200)
    const own = await person.open('/connected-apps')
    expect((await person.submit(own, { form_token: 'guessed' })).status).toBe(403)
    expect((await client.me(tokens.access_token)).status).toBe(200)
    await person.submit(own, {})
    expect((await person.submit(own, {})).headers.get('Location')).toBe('/connected-apps')
  })

  it('Connected apps asks to sign in first, and comes back', async () => {
    const page = await person.open('/connected-apps')
    expect(page.document.querySelector('input[name=password]')).not.toBeNull()
    expect((await person.signIn(undefined, undefined, page)).text).toContain('Connected apps')
  })

  it('Connected apps keeps on saying what an app may do after it was allowed more', async () => {
    await person.code(client, { company: MI6 }, { scope: 'base' })
    await person.code(client, { company: MI6 }, { scope: 'users:read' })
    const page = await person.open('/connected-apps')
    expect(page.text).toContain('See who you are at this company')
    expect(page.text).toContain('See the people of this company')
  })

  it('Connected apps shows an app’s icon from our own address, as a picture that can do nothing', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    const app = await provider.registerApp({ icon: { type: 'image/svg+xml', bytes: new TextEncoder().encode(svg) } })
    const page = await person.reachConsent(app, { company: MI6 })
    const address = page.document.querySelector('main img')?.getAttribute('src') ?? ''
    expect(address).toBe(`/apps/${app.id}/icon`)
    const icon = await provider.fetch(address)
    expect(icon.headers.get('Content-Type')).toBe('image/svg+xml')
    expect(icon.headers.get('Content-Security-Policy')).toMatch(/default-src 'none'.*sandbox/)
    expect((await provider.fetch(`/apps/${client.id}/icon`)).status).toBe(404)
  })
})
