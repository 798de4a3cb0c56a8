import {
  addMember,
  createCompany,
  removeMember,
  setActive,
  setApp,
  setCompanyLogo,
  setMember,
  setSuspended,
} from 'tenantry'
import { describe, expect, it } from 'vitest'
import { answerOf, type ShownPage } from '../../../../tests/support/person.ts'
import {
  BOND,
  MI6,
  MONEYPENNY_EMAIL,
  ORIGIN,
  type TestProvider,
  UNIVERSAL_EXPORTS,
} from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import french from '../pages/messages/fr.json' with { type: 'json' }

describe('the consent page', () => {
  useProvider()

  const allow = (page: ShownPage, more = {}) => person.submit(page, { decision: 'allow', ...more })
  const companyOf = async (code: string) => {
    const { access_token } = await client.tokens(code)
    return ((await (await client.me(access_token)).json()) as { data: { company_id: number } }).data.company_id
  }
  /** Nothing was granted: a page came, no redirect. */
  const expectRefused = async (answer: Response, status: number) => {
    expect(answer.headers.get('Location')).toBeNull()
    expect(answer.status).toBe(status)
    return answer.text()
  }

  it('the consent page shows the app, its maker, what it may do in words, and the company it is for', async () => {
    const page = await person.reachConsent(client, { company: UNIVERSAL_EXPORTS })
    expect(page.text).toContain('Allow Field Notes?')
    expect(page.text).toContain('by Field Notes Ltd')
    expect(page.text).toContain('Universal Exports')
    expect(page.text).not.toContain('MI6')
    expect(page.text).toContain('See who you are at this company')
    expect(page.text).toContain('app.example')
  })

  it.each([MI6, UNIVERSAL_EXPORTS])('[OA-12] the consent page grants the company that it shows: %i', async company => {
    expect(await companyOf(await person.code(client, { company }))).toBe(company)
  })

  it('the consent page skips the chooser for a member of one company', async () => {
    const page = await person.reachConsent(client, { email: MONEYPENNY_EMAIL })
    expect(page.text).toContain('MI6')
    expect(page.document.querySelector('input[name=company_id]')).toBeNull()
    expect(page.text).not.toContain('Choose another company')
  })

  it('the consent page says access_denied when the person says no, and user_denied on the pipedrive profile', async () => {
    const denied = await person.authorize(client, { company: MI6, decision: 'deny' })
    expect(Object.fromEntries(denied.searchParams)).toMatchObject({
      error: 'access_denied',
      state: 'a state',
      iss: ORIGIN,
    })
    const pipedrive = await provider.registerApp({ profile: 'pipedrive' })
    const other = await person.authorize(pipedrive, { company: MI6, decision: 'deny' })
    expect(other.searchParams.get('error')).toBe('user_denied')
    expect(other.searchParams.has('iss')).toBe(false)
  })

  it('[OA-09] the consent page redirects after a POST with 303', async () => {
    const signIn = await person.open(client.authorizePath())
    const afterSignIn = await person.submit(signIn, { email: 'james.bond@mi6.example', password: 'shaken-not-stirred' })
    const chooser = await person.open(client.authorizePath())
    const afterChoice = await person.submit(chooser, { company_id: '1' })
    const consent = await person.open(afterChoice.headers.get('Location') ?? '')
    const afterConsent = await allow(consent)
    expect([afterSignIn.status, afterChoice.status, afterConsent.status]).toEqual([303, 303, 303])
  })

  it('[OA-10] the consent page refuses framing, sends no referrer, loads nothing from elsewhere, and is not kept', async () => {
    const pages = [await person.open(client.authorizePath()), await person.reachConsent(client, { company: MI6 })]
    for (const { headers, document } of pages) {
      const policy = headers.get('Content-Security-Policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).toContain("base-uri 'none'")
      expect(policy).not.toContain('unsafe')
      expect(headers.get('X-Frame-Options')).toBe('DENY')
      expect(headers.get('Referrer-Policy')).toBe('no-referrer')
      expect(headers.get('Cache-Control')).toBe('no-store')
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
      const loaded = document
        .querySelectorAll('[src], link[href]')
        .map(e => e.getAttribute('src') ?? e.getAttribute('href'))
      expect(loaded.filter(address => !/^(\/[^/]|data:)/.test(address ?? ''))).toEqual([])
      expect(document.querySelectorAll('script, [style]')).toHaveLength(0)
    }
  })

  it('[OA-11] the consent page refuses a form without its token, or with another session’s', async () => {
    const page = await person.reachConsent(client, { company: MI6 })
    await expectRefused(await allow(page, { form_token: '' }), 403)
    const other = provider.person()
    const foreign = await other.reachConsent(client, { company: MI6 })
    const token = foreign.document.querySelector('input[name=form_token]')?.getAttribute('value') ?? ''
    await expectRefused(await allow(page, { form_token: token }), 403)
  })

  it('[OA-11] a ticket of another session, request, company or time grants nothing', async () => {
    const page = await person.reachConsent(client, { company: MI6 })
    const ticket = page.document.querySelector('input[name=ticket]')?.getAttribute('value') ?? ''
    const other = await provider.person().reachConsent(client, { company: MI6 })
    const foreign = other.document.querySelector('input[name=ticket]')?.getAttribute('value') ?? ''
    await expectRefused(await allow(page, { ticket: foreign }), 409)
    await expectRefused(await allow(page, { ticket: ticket.replace(/^1\./, '2.') }), 409)
    const request = page.document.querySelector('input[name=request]')?.getAttribute('value') ?? ''
    await expectRefused(await allow(page, { request: request.replace('a+state', 'other') }), 409)
    await expectRefused(await allow(page, { request: `${request}&scope=base` }), 409)
    provider.pass(61 * 60 * 1000)
    await expectRefused(await allow(page), 409)
  })

  it('[OA-12] a switch to another company in another tab makes the first tab’s page grant nothing', async () => {
    const first = await person.reachConsent(client, { company: MI6 })
    await person.reachConsent(client, { company: UNIVERSAL_EXPORTS })
    const text = await expectRefused(await allow(first), 409)
    expect(text).toContain('You chose Universal Exports in another tab')
    expect(text).toContain('This page is for MI6')
  })

  it('[OA-12] the consent page that was shown again after a company switch grants what it shows', async () => {
    const first = await person.reachConsent(client, { company: MI6 })
    await person.reachConsent(client, { company: UNIVERSAL_EXPORTS })
    const again = await person.submitAndFollow(first, { decision: 'allow' })
    const code = answerOf(await allow(again)).searchParams.get('code')
    expect(await companyOf(code ?? '')).toBe(MI6)
  })

  it.each([
    ['deactivated membership', (p: TestProvider) => setMember(p.runtime, MI6, BOND, { active: false })],
    ['removed membership', (p: TestProvider) => removeMember(p.runtime, MI6, BOND)],
    ['suspended company', (p: TestProvider) => setSuspended(p.runtime, MI6, true)],
  ])('[OA-12] the consent page checks the membership again when it is posted: %s', async (_what, end) => {
    const page = await person.reachConsent(client, { company: MI6 })
    await end(provider)
    await expectRefused(await allow(page), 409)
    expect(await provider.runtime.store.db.selectFrom('installations').selectAll().execute()).toEqual([])
  })

  it('[OA-12] a user deactivated meanwhile has to sign in, and cannot', async () => {
    const page = await person.reachConsent(client, { company: MI6 })
    await setActive(provider.runtime, BOND, false)
    expect((await allow(page)).headers.get('Location')).toMatch(/^\/oauth\/authorize\?/)
    expect((await person.signIn()).text).toContain('is not right')
  })

  it('the consent page grants nothing when someone else signed in meanwhile in this browser', async () => {
    const page = await person.reachConsent(client, { company: MI6 })
    await person.open('/sign-out')
    person.cookies.delete('tenantry_session')
    await person.signIn(MONEYPENNY_EMAIL)
    await expectRefused(await allow(page), 403)
  })

  it('the consent page tells someone who is active nowhere, and leads back to the app', async () => {
    await setSuspended(provider.runtime, MI6, true)
    const page = await person.reachConsent(client, { email: MONEYPENNY_EMAIL })
    expect([page.status, page.text.includes('not an active member')]).toEqual([403, true])
    const answer = answerOf(await person.submit(page, { cancel: 'yes' }))
    expect(answer.searchParams.get('error')).toBe('access_denied')
  })

  it('the consent page refuses a company in the chooser that is not the user’s', async () => {
    await setMember(provider.runtime, UNIVERSAL_EXPORTS, BOND, { active: false })
    await person.signIn()
    const page = await person.open(client.authorizePath())
    const form = {
      form_token: page.document.querySelector('input[name=form_token]')?.getAttribute('value') ?? '',
      request: page.document.querySelector('input[name=request]')?.getAttribute('value') ?? '',
      company_id: '2',
    }
    const answer = await person.open('/oauth/authorize/company', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
    })
    expect(answer.status).toBe(409)
    expect(answer.text).not.toContain('Universal Exports')
  })

  it('the consent page shows hostile names as text', async () => {
    const app = await provider.registerApp({ name: '<img src=x onerror=alert(1)>', maker: '"><script>x</script>' })
    const page = await person.reachConsent(app, { company: MI6 })
    expect(page.html).not.toContain('<script')
    expect(page.html).not.toContain('<img src=x')
  })

  it('the consent page shows who you are at the company, where you go, and another account on request', async () => {
    const page = await person.reachConsent(client, { company: UNIVERSAL_EXPORTS })
    expect(page.text).toContain('There you are James Bond (j.bond@universal-exports.example), Member')
    const html = page.html
    expect(html.indexOf('app.example')).toBeLessThan(html.indexOf('value="allow"'))
    const link = page.document.querySelector('main a[href*=select_account]')?.getAttribute('href') ?? ''
    const other = await person.open(link.replaceAll('&amp;', '&'))
    expect(other.document.querySelector('input[name=password]')).not.toBeNull()
  })

  it('[OA-16] the consent page warns plainly of a destination on this device', async () => {
    const local = await provider.registerApp({ redirectUris: ['http://127.0.0.1/callback'] })
    const page = await person.reachConsent(local, { company: MI6 })
    expect(page.text).toMatch(/a program on this device \(127\.0\.0\.1\)/)
  })

  it('the consent page shows what is new when an app asks for more', async () => {
    await person.code(client, { company: MI6 }, { scope: 'base' })
    const page = await person.reachConsent(client, { company: MI6 })
    expect(page.text).toMatch(/New:\s+See the people/)
    expect(page.text).not.toMatch(/New:\s+See who you are/)
  })

  it('the chooser shows who you are where, what is installed, sorted names, and a search from nine companies on', async () => {
    await person.code(client, { company: MI6 })
    for (const number of [10, 9, 8, 7, 6, 5, 4, 3]) {
      await createCompany(provider.runtime, { companyId: number, name: `Company ${number}`, domain: `c${number}` })
      await addMember(provider.runtime, { companyId: number, userId: BOND, email: `bond@c${number}.example` })
    }
    const page = await person.open(client.authorizePath())
    const names = page.document.querySelectorAll('.choices .name').map(each => each.text)
    expect(names).toEqual([...[3, 4, 5, 6, 7, 8, 9, 10].map(n => `Company ${n}`), 'MI6', 'Universal Exports'])
    expect(page.document.querySelectorAll('.badge')).toHaveLength(1)
    expect(page.text).toContain('bond@c7.example')
    const found = await person.submitAndFollow(page, { search: 'yes', company_search: 'C7.example' })
    expect(found.document.querySelectorAll('.choices .name').map(each => each.text)).toEqual(['Company 7'])
    const none = await person.submitAndFollow(page, { search: 'yes', company_search: 'nothing like it' })
    expect(none.text).toContain('No company matches')
    expect(none.document.querySelectorAll('.choices .name')).toHaveLength(10)
  })

  it('[OA-18] pages do not cut off the window that opened them', async () => {
    const page = await person.reachConsent(client, { company: MI6 })
    expect(page.headers.get('Cross-Origin-Opener-Policy')).toBeNull()
  })

  it('the language is switched on any page, and stays', async () => {
    const page = await person.open('/sign-in')
    const answer = await person.submit(page, { language: 'fr' }, 'footer form.language')
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/sign-in'])
    const languageAt = async (path: string) =>
      (await person.open(path)).document.querySelector('html')?.getAttribute('lang')
    expect(await languageAt('/sign-in')).toBe('fr')
    await person.submit(page, { language: 'xx', return_to: 'https://evil.example' }, 'footer form.language')
    expect(await languageAt('/nothing')).toBe('fr')
    expect((await person.open('/nothing')).text).toContain(french['error.back'])
  })

  it('the consent page links the app’s own pages, by host, and says who verified it', async () => {
    const plain = await person.reachConsent(client, { company: MI6 })
    expect(plain.text).not.toContain('Verified')
    await setApp(provider.runtime, client.id, {
      homeUrl: 'https://notes.example/about',
      privacyUrl: 'https://notes.example/privacy',
      verified: true,
    })
    const page = await person.reachConsent(client, { company: MI6 })
    expect(page.text).toContain('Verified by localhost:4040')
    const links = page.document.querySelectorAll('.app-links a').map(link => [link.getAttribute('href'), link.text])
    expect(links).toEqual([
      ['https://notes.example/about', 'notes.example'],
      ['https://notes.example/privacy', 'Privacy'],
    ])
  })

  it('a verified app that changes who it says it is, or where it sends people, is verified no more', async () => {
    const runtime = { ...provider.runtime, actor: { type: 'command', id: 'root' } as const }
    for (const change of [{ name: 'Field N0tes' }, { maker: 'MI6' }, { redirectUris: ['https://other.example/cb'] }]) {
      const verified = await setApp(runtime, client.id, { verified: true })
      expect([verified.verifiedAt, verified.verifiedBy]).toEqual([provider.now(), 'command root'])
      expect(await setApp(runtime, client.id, { scopes: ['base'] })).toMatchObject({ verifiedBy: 'command root' })
      expect(await setApp(runtime, client.id, change)).toMatchObject({ verifiedAt: null, verifiedBy: null })
    }
    for (const homeUrl of ['http://notes.example', 'javascript:alert(1)', 'x']) {
      await expect(setApp(runtime, client.id, { homeUrl })).rejects.toThrow('homeUrl: must be an https address')
    }
  })

  it('a company’s logo is shown to its members, and to no other person', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><script>alert(1)</script></svg>'
    await setCompanyLogo(provider.runtime, UNIVERSAL_EXPORTS, Buffer.from(svg))
    const chooser = await person.signIn(undefined, undefined, await person.open(client.authorizePath()))
    const logos = chooser.document.querySelectorAll('img.logo').map(logo => logo.getAttribute('src'))
    expect(logos).toEqual([`/companies/${UNIVERSAL_EXPORTS}/logo?v=${provider.now()}`])
    const page = await person.submitAndFollow(chooser, { company_id: String(UNIVERSAL_EXPORTS) })
    expect(page.document.querySelector('.tile img.logo')?.getAttribute('alt')).toBe('')
    const logo = await person.request(logos[0]!)
    expect([logo.status, logo.headers.get('Content-Type'), await logo.text()]).toEqual([200, 'image/svg+xml', svg])
    expect(logo.headers.get('Content-Security-Policy')).toMatch(/default-src 'none'.*sandbox/)
    expect((await provider.person().request(logos[0]!)).status).toBe(404)
    const other = provider.person()
    await other.signIn(MONEYPENNY_EMAIL)
    expect((await other.request(logos[0]!)).status).toBe(404)
    await setCompanyLogo(provider.runtime, UNIVERSAL_EXPORTS, null)
    expect((await person.request(logos[0]!)).status).toBe(404)
  })

  it.each([
    ['a page', '<html><svg></svg></html>'],
    ['a text', 'GIF89a'],
    ['too large a picture', `<svg>${'x'.repeat(41 * 1024)}</svg>`],
  ])('a company’s logo is a picture: %s is refused', async (_, content) => {
    await expect(setCompanyLogo(provider.runtime, MI6, Buffer.from(content))).rejects.toThrow('image: must be')
  })
})
