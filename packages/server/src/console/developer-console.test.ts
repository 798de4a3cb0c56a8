import { parse } from 'node-html-parser'
import {
  addAppOwner,
  addMember,
  addOperator,
  createUser,
  removeAppOwner,
  removeMember,
  setApp,
  setAppPolicy,
  setCompanyPolicy,
  setMember,
  setPassword,
} from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { beforeWrite } from '../../../../tests/support/before-write.ts'
import { Client } from '../../../../tests/support/client.ts'
import { answerOf, type Person, type ShownPage } from '../../../../tests/support/person.ts'
import {
  BOND,
  CALLBACK,
  MI6,
  MONEYPENNY,
  MONEYPENNY_EMAIL,
  PASSWORD,
  UNIVERSAL_EXPORTS,
} from '../../../../tests/support/provider.ts'
import { person as bond, client, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { findApp } from '../store/queries/apps.ts'

const Q = 790
const Q_EMAIL = 'q@mi6.example'
const LEDGER = { name: 'Ledger', redirect_uris: CALLBACK, scopes: 'base', install: 'user', uninstall_url: '' }
const BASE = `/company/${MI6}/developer`

const fieldOf = (page: ShownPage) =>
  page.document.querySelector('main input[name=form_token]')?.getAttribute('value') ?? ''

describe('the developers’ pages of a company', () => {
  useProvider(() => ({ companyApps: true }))
  let eve: Person
  let q: Person

  const allow = (developers: 'none' | 'admins' | 'members') => setCompanyPolicy(provider.runtime, MI6, { developers })
  const post = async (who: Person, path: string, fields: Record<string, string>) =>
    who.request(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ form_token: fieldOf(await who.open('/account')), ...fields }).toString(),
    })
  const appAt = (clientId: string, rest = '') => `${BASE}/apps/${clientId}${rest}`
  const rowOf = (clientId: string) => findApp(provider.runtime.store, clientId)

  /** Registers an app as someone. */
  async function register(who: Person = eve, fields: Record<string, string> = {}): Promise<Client> {
    const page = parse(await (await post(who, `${BASE}/new-app`, { ...LEDGER, ...fields })).text())
    const [id, secret] = page.querySelectorAll('dd code').map(each => each.text)
    return new Client(provider.fetch, id!, secret!, CALLBACK)
  }

  beforeEach(async () => {
    const { runtime } = provider
    await createUser(runtime, { userId: Q, email: Q_EMAIL, name: 'Q' })
    await setPassword(runtime, Q, PASSWORD)
    await addMember(runtime, { companyId: MI6, userId: Q })
    ;[eve, q] = [provider.person(), provider.person()]
    await Promise.all([bond.signIn(), eve.signIn(MONEYPENNY_EMAIL), q.signIn(Q_EMAIL)])
  })

  it('people register apps whom the company lets: no one, administrators, or all members', async () => {
    const answers = async () => [
      (await bond.request(`${BASE}/new-app`)).status,
      (await eve.request(`${BASE}/new-app`)).status,
      (await bond.request(`/company/${UNIVERSAL_EXPORTS}/developer/new-app`)).status,
      (await eve.request(`/company/${UNIVERSAL_EXPORTS}/developer/new-app`)).status,
    ]
    expect(await answers()).toEqual([403, 403, 403, 404])
    expect((await bond.open(BASE)).document.querySelector('main a[href$="/rules"]')).not.toBeNull()
    expect((await eve.open(BASE)).status).toBe(403)
    const rules = await bond.open(`/company/${MI6}/rules`)
    await bond.submit(rules, { developers: 'admins' })
    expect(await answers()).toEqual([200, 403, 403, 404])
    await bond.submit(rules, { developers: 'members' })
    expect(await answers()).toEqual([200, 200, 403, 404])
    // A member who is no administrator sees no section but this one.
    const links = (await eve.open(BASE)).document.querySelectorAll('nav.sections a')
    expect(links.map(each => each.getAttribute('href'))).toEqual([BASE])
  })

  it('[OA-16] an app is for its company alone, whatever another allows, until an operator opens it to all', async () => {
    await allow('members')
    const ledger = await register()
    expect((await ledger.tokens(await eve.code(ledger))).access_token).toMatch(/^tny_at_/)
    await setAppPolicy(provider.runtime, { companyId: UNIVERSAL_EXPORTS, clientId: ledger.id }, 'allowed')
    const refused = await bond.reachConsent(ledger, { company: UNIVERSAL_EXPORTS })
    expect([refused.status, refused.text]).toEqual([
      403,
      expect.stringContaining('only for the company that develops it'),
    ])
    const silent = await bond.request(ledger.authorizePath({ prompt: 'none', company_id: String(UNIVERSAL_EXPORTS) }))
    expect(answerOf(silent).searchParams.get('error')).toBe('access_denied')
    await addOperator(provider.runtime, BOND)
    const path = `/operator/apps/${ledger.id}`
    expect((await post(bond, path, { change: 'publish', password: 'wrong' })).status).toBe(422)
    expect((await rowOf(ledger.id))!.published_at).toBeNull()
    await post(bond, path, { change: 'publish', password: PASSWORD })
    expect(await bond.code(ledger, { company: UNIVERSAL_EXPORTS })).toMatch(/^tny_ac_/)
    await expect(setApp(provider.runtime, ledger.id, { published: false as never })).rejects.toThrow('taken back')
  })

  it('an app has several owners, who change it, hand it over, and lose it with their membership', async () => {
    await allow('members')
    const ledger = await register()
    const edit = (who: Person, name: string) => post(who, appAt(ledger.id, '/edit'), { ...LEDGER, name })
    const sees = async (who: Person) => (await who.request(appAt(ledger.id))).status
    expect([await sees(eve), await sees(q), await sees(bond)]).toEqual([200, 404, 200])
    expect((await edit(q, 'Mine')).status).toBe(404)
    const unknown = await post(eve, appAt(ledger.id, '/owners'), { email: 'le.chiffre@spectre.example' })
    expect(unknown.headers.get('Location')).toContain('unknown=yes')
    await post(eve, appAt(ledger.id, '/owners'), { email: Q_EMAIL })
    expect((await edit(q, 'Quartermaster')).status).toBe(303)
    // Handed over.
    const left = await post(eve, appAt(ledger.id, '/owners'), { remove: String(MONEYPENNY) })
    expect(left.headers.get('Location')).toBe(BASE)
    expect([await sees(eve), await sees(q)]).toEqual([404, 200])
    expect((await eve.open(BASE)).text).not.toContain('Quartermaster')
    expect((await q.open(BASE)).text).toContain('Quartermaster')
    await allow('admins')
    expect([await sees(q), await sees(bond)]).toEqual([403, 200])
    await allow('members')
    await removeMember(provider.runtime, MI6, Q)
    expect(await sees(q)).toBe(404)
    await addMember(provider.runtime, { companyId: MI6, userId: Q })
    expect(await sees(q)).toBe(404)
    expect((await rowOf(ledger.id))!.name).toBe('Quartermaster')
    const log = await bond.open(`/company/${MI6}/log`)
    for (const words of ['app.registered', 'app_owner.added', 'app_owner.removed']) expect(log.text).toContain(words)
  })

  it('[OA-17] a developer who is none any more in the commit changes nothing, and reads why', async () => {
    await allow('members')
    const ledger = await register()
    const before = await rowOf(ledger.id)
    const forms = [
      ['/edit', { ...LEDGER, name: 'Other' }],
      ['/secret', { keep: '0', password: PASSWORD }],
      ['/owners', { email: Q_EMAIL }],
      ['/delete', { password: PASSWORD }],
    ] as const
    const { runtime } = provider
    for (const [rest, fields] of forms) {
      const leave = () => removeAppOwner(runtime, { clientId: ledger.id, userId: MONEYPENNY })
      const ran = beforeWrite(runtime, /^select .*"developers"/, leave)
      const answer = await post(eve, appAt(ledger.id, rest), fields)
      expect([rest, ran(), answer.status]).toEqual([rest, true, 404])
      expect([rest, await rowOf(ledger.id)]).toEqual([rest, before])
      await addAppOwner(runtime, { clientId: ledger.id, userId: MONEYPENNY })
    }
    for (const [rest, fields] of [['/new-app', LEDGER] as const]) {
      const ran = beforeWrite(runtime, /^select .*"developers"/, () => allow('none'))
      const answer = await post(eve, BASE + rest, { ...fields, name: 'Never' })
      expect([ran(), answer.status, await answer.text()]).toEqual([true, 403, expect.stringContaining('You may not')])
    }
    expect((await bond.open(BASE)).text).not.toContain('Never')
    await allow('members')
    // They are forms that work.
    for (const [rest, fields] of forms) {
      expect([rest, (await post(eve, appAt(ledger.id, rest), fields)).status]).toEqual([
        rest,
        rest === '/secret' ? 200 : 303,
      ])
    }
    expect(await rowOf(ledger.id)).toBeUndefined()
  })

  it('[OA-17] an app that was opened to all in the commit is not deleted by its owners', async () => {
    await allow('members')
    const ledger = await register()
    const ran = beforeWrite(provider.runtime, /"published_at" is null/, () =>
      setApp(provider.runtime, ledger.id, { published: true }),
    )
    const answer = await post(eve, appAt(ledger.id, '/delete'), { password: PASSWORD })
    expect([ran(), answer.status]).toEqual([true, 400])
    expect((await rowOf(ledger.id))!.disabled_at).toBeNull()
    expect((await post(eve, appAt(ledger.id, '/delete'), { password: PASSWORD })).status).toBe(400)
  })

  it('owners get the scopes that are open, keep what an operator gave, and get nothing back that was taken meanwhile', async () => {
    await allow('members')
    const wrong = await post(eve, `${BASE}/new-app`, { ...LEDGER, scopes: 'base users:read' })
    expect([wrong.status, await wrong.text()]).toEqual([422, expect.stringContaining('One of the scopes')])
    const ledger = await register()
    await setApp(provider.runtime, ledger.id, { scopes: ['base', 'users:read'] })
    const edit = (scopes: string) => post(eve, appAt(ledger.id, '/edit'), { ...LEDGER, scopes })
    expect((await edit('base users:read profile')).status).toBe(303)
    const ran = beforeWrite(provider.runtime, /update "apps"/, () =>
      setApp(provider.runtime, ledger.id, { scopes: ['base', 'profile'] }),
    )
    const raced = await edit('base users:read')
    expect([ran(), raced.status]).toEqual([true, 422])
    expect((await rowOf(ledger.id))!.scopes).toBe('base profile')
  })

  it('a verified app loses its mark by what people are shown or where they are sent, and keeps it otherwise', async () => {
    await allow('members')
    const ledger = await register()
    const mark = async () => (await rowOf(ledger.id))!.verified_at !== null
    const edit = (fields: Record<string, string>) => post(eve, appAt(ledger.id, '/edit'), { ...LEDGER, ...fields })
    await setApp(provider.runtime, ledger.id, { verified: true })
    await edit({ uninstall_url: 'https://ledger.example/uninstalled', scopes: 'base profile' })
    expect(await mark()).toBe(true)
    await edit({ redirect_uris: 'https://elsewhere.example/callback' })
    expect(await mark()).toBe(false)
    await setApp(provider.runtime, ledger.id, { verified: true })
    await edit({ redirect_uris: 'https://elsewhere.example/callback', name: 'MI6 Payroll' })
    expect(await mark()).toBe(false)
    // Whether it is verified, enabled or open to all is not theirs to say.
    for (const change of ['verify', 'publish', 'enable']) {
      expect((await post(eve, appAt(ledger.id), { change })).status).toBe(405)
    }
    expect((await post(eve, `/operator/apps/${ledger.id}`, { change: 'verify' })).status).toBe(404)
  })

  it('the forms of one company change no app of another, nor of the operators', async () => {
    await allow('members')
    const ledger = await register()
    await setMember(provider.runtime, UNIVERSAL_EXPORTS, BOND, { isAdmin: true })
    await setCompanyPolicy(provider.runtime, UNIVERSAL_EXPORTS, { developers: 'members' })
    const elsewhere = `/company/${UNIVERSAL_EXPORTS}/developer/apps`
    for (const rest of ['/edit', '/secret', '/owners', '/delete', '/try']) {
      const fields = { ...LEDGER, name: 'Taken', keep: '0', password: PASSWORD, email: Q_EMAIL }
      expect([rest, (await post(bond, `${elsewhere}/${ledger.id}${rest}`, fields)).status]).toEqual([rest, 404])
      expect([rest, (await post(bond, appAt(client.id, rest), fields)).status]).toEqual([rest, 404])
    }
    for (const rest of ['', '/edit', '/deliveries']) {
      expect((await bond.request(`${elsewhere}/${ledger.id}${rest}`)).status).toBe(404)
      expect((await bond.request(appAt(client.id, rest))).status).toBe(404)
    }
    expect([(await rowOf(ledger.id))!.name, (await rowOf(client.id))!.name]).toEqual(['Ledger', 'Field Notes'])
    const forged = await eve.request(appAt(ledger.id, '/edit'), { method: 'POST', body: new URLSearchParams(LEDGER) })
    expect(forged.status).toBe(403)
  })

  it('what is typed into the form stays there, with what is wrong in the person’s language', async () => {
    await allow('members')
    const wrong = {
      name: ' ',
      redirect_uris: 'ledger.example/callback\nhttp://ledger.example/x',
      uninstall_url: 'https://ledger.example/#x',
      privacy_url: 'http://ledger.example/privacy',
    }
    await eve.request('/language', { method: 'POST', body: new URLSearchParams({ language: 'de' }) })
    eve.cookies.set('tenantry_language', 'de')
    const answer = await post(eve, `${BASE}/new-app`, { ...LEDGER, ...wrong })
    const page = parse(await answer.text())
    expect(answer.status).toBe(422)
    const said = page.querySelector('[role=alert]')!.text
    for (const words of [
      'Der Name fehlt',
      'Meinten Sie https://ledger.example/callback?',
      'mit https beginnen',
      'Fragment',
      'https beginnt: http://ledger.example/privacy',
    ]) {
      expect(said).toContain(words)
    }
    expect(page.querySelector('textarea')!.text).toBe(wrong.redirect_uris)
    expect(page.querySelector('input[name=uninstall_url]')!.getAttribute('value')).toBe(wrong.uninstall_url)
  })

  it('redirect URIs are checked by a button, and for a script as they are typed; nothing is registered', async () => {
    await allow('members')
    const fields = { ...LEDGER, redirect_uris: `${CALLBACK}\njavascript:alert(1)`, check: 'yes' }
    const shown = parse(await (await post(eve, `${BASE}/new-app`, fields)).text())
    const lines = shown.querySelectorAll('#checks li').map(each => [each.classNames, each.text])
    expect(lines).toEqual([
      ['good', `${CALLBACK} can be registered.`],
      ['wrong', expect.stringContaining('No app can be reached')],
    ])
    const asked = await eve.request(`${BASE}/new-app`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
      body: new URLSearchParams({ ...fields, form_token: fieldOf(await eve.open('/account')) }).toString(),
    })
    expect(await asked.json()).toMatchObject({ checks: [{ isGood: true }, { isGood: false }] })
    expect((await eve.open(BASE)).document.querySelectorAll('section.app')).toHaveLength(0)
    const form = await eve.open(`${BASE}/new-app`)
    expect(form.headers.get('Content-Security-Policy')).toContain("script-src 'self'; connect-src 'self'")
    expect((await eve.open(BASE)).headers.get('Content-Security-Policy')).not.toContain('script-src')
    const script = form.document.querySelector('script')!.getAttribute('src')!
    expect((await eve.request(script)).headers.get('Content-Type')).toContain('text/javascript')
  })
})

describe('where companies develop no apps', () => {
  useProvider()

  it('there are no developers’ pages where companies develop no apps, and no rule about them', async () => {
    await setCompanyPolicy(provider.runtime, MI6, { developers: 'members' })
    await bond.signIn()
    for (const path of [BASE, `${BASE}/new-app`]) expect((await bond.request(path)).status).toBe(404)
    const rules = await bond.open(`/company/${MI6}/rules`)
    expect(rules.document.querySelector('input[name=developers]')).toBeNull()
    expect(rules.document.querySelector('nav.sections a[href$="/developer"]')).toBeNull()
  })
})
