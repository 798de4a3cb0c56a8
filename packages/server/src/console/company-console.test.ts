import { addMember, createUser, setAppPolicy, setCompanyPolicy, setMember } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { admin, useAdmin } from '../../../../tests/support/admin.ts'
import type { Person, ShownPage } from '../../../../tests/support/person.ts'
import {
  BOND,
  MI6,
  MINUTE,
  MONEYPENNY,
  MONEYPENNY_EMAIL,
  PASSWORD,
  UNIVERSAL_EXPORTS,
} from '../../../../tests/support/provider.ts'
import { person as bond, client, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'

describe('the console of a company', () => {
  useProvider()
  useAdmin()
  let moneypenny: Person
  const asMoneypenny = { email: MONEYPENNY_EMAIL }
  const open = (rest = '', company = MI6) => bond.open(`/company/${company}${rest}`)
  const appPage = () => open(`/apps/${client.id}`)
  const post = (page: ShownPage, action: string, fields: Record<string, string>, who = bond) =>
    who.request(`/company/${MI6}${action}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        form_token: page.document.querySelector('main input[name=form_token]')?.getAttribute('value') ?? '',
        ...fields,
      }).toString(),
    })

  beforeEach(async () => {
    moneypenny = provider.person()
    await bond.signIn()
  })

  it('the console is for administrators of that company alone, as they are now', async () => {
    const paths = ['', '/members', '/requests', '/rules', '/log', `/apps/${client.id}`]
    for (const path of paths) expect((await open(path)).status).toBe(200)
    // Bond is a member of the other company, and no administrator there.
    for (const path of paths) {
      const page = await open(path, UNIVERSAL_EXPORTS)
      expect([page.status, page.text]).toEqual([
        403,
        expect.stringContaining('Only administrators of Universal Exports'),
      ])
    }
    expect((await open('', 99)).status).toBe(404)
    expect((await bond.open('/company/x')).status).toBe(404)
    const withoutSession = await provider.person().request(`/company/${MI6}`)
    expect(withoutSession.headers.get('Location')).toBe('/sign-in?return_to=%2Fcompany%2F1')
    const page = await appPage()
    await setMember(provider.runtime, MI6, BOND, { isAdmin: false })
    expect((await open()).status).toBe(403)
    for (const [action, fields] of [
      ['decision', { decision: 'allowed' }],
      ['installation', { audience: 'named', 'keep:base': 'on' }],
      ['access', { user_id: String(MONEYPENNY), access: 'excluded' }],
      ['person', { user_id: String(MONEYPENNY), 'keep:base': 'on' }],
    ] as const) {
      expect([action, (await post(page, `/apps/${client.id}/${action}`, fields)).status]).toEqual([action, 403])
    }
  })

  it('the console is found from the connected apps of an administrator', async () => {
    const page = await bond.open('/connected-apps')
    expect(page.document.querySelector('a[href="/company/1"]')?.text).toBe('Administer MI6')
    expect(page.document.querySelector('a[href="/company/2"]')).toBeNull()
  })

  it('the console shows the apps that people use, by how many, since when, and what was decided', async () => {
    expect((await open()).text).toContain('No one at MI6 has allowed an app yet.')
    await moneypenny.code(client, asMoneypenny)
    await bond.code(client, { company: MI6 })
    await bond.code(client, { company: UNIVERSAL_EXPORTS })
    const blocked = await provider.registerApp({ name: 'Another' })
    await setAppPolicy(provider.runtime, { companyId: MI6, clientId: blocked.id }, 'blocked')
    const { text } = await open()
    expect(text.replace(/\s+/g, ' ')).toMatch(/Another 0 people · Blocked .*Field Notes 2 people/)
    const people = (await appPage()).text
    const words = ['Eve Moneypenny', MONEYPENNY_EMAIL, 'James Bond', 'Allowed on January 15, 2026']
    for (const each of words) {
      expect(people).toContain(each)
    }
  })

  it('an administrator sees when an app was used last, and takes a scope back for one person', async () => {
    const tokens = await client.tokens(await moneypenny.code(client, asMoneypenny))
    provider.pass(3 * 24 * 60 * MINUTE)
    const { access_token } = await client.refreshed(tokens.refresh_token)
    const page = await appPage()
    expect(page.text).toContain('last used on January 18, 2026')
    const fields = { user_id: String(MONEYPENNY), 'keep:base': 'on' }
    expect((await post(page, `/apps/${client.id}/person`, fields)).status).toBe(303)
    expect(await (await client.introspect(access_token)).json()).toMatchObject({ scope: 'base' })
    expect((await open('/log')).text).toContain('installation.changed')
  })

  it('an administrator takes scopes back from what is installed for the company, and names who may use it', async () => {
    const app = await provider.registerApp({ name: 'For all', install: 'both' })
    const consent = await bond.reachConsent(app, { company: MI6 })
    await bond.submit(consent, { decision: 'allow', install_for: 'company' })
    const hers = provider.person()
    await hers.signIn(MONEYPENNY_EMAIL)
    const code = new URL((await hers.request(app.authorizePath())).headers.get('Location')!).searchParams.get('code')
    const { access_token } = await app.tokens(code!)
    const page = await open(`/apps/${app.id}`)
    expect(page.text).toContain('Installed for MI6')
    expect(page.text).toContain('by James Bond')
    const action = `/apps/${app.id}/installation`
    await post(page, action, { audience: 'all', 'keep:base': 'on' })
    expect(await (await app.introspect(access_token)).json()).toMatchObject({ scope: 'base' })
    await post(page, action, { audience: 'named', 'keep:base': 'on' })
    expect((await app.me(access_token)).status).toBe(401)
    expect((await post(page, action, { audience: 'some' })).status).toBe(400)
    const unknown = await post(page, `/apps/${app.id}/access`, { email: 'no.one@mi6.example', access: 'allowed' })
    expect(unknown.headers.get('Location')).toContain('unknown=yes')
    await post(page, `/apps/${app.id}/access`, { email: MONEYPENNY_EMAIL.toUpperCase(), access: 'allowed' })
    expect((await hers.request(app.authorizePath())).headers.get('Location')).toContain('code=')
    await post(page, `/apps/${app.id}/remove`, { password: PASSWORD })
    expect((await open(`/apps/${app.id}`)).text).not.toContain('Installed for MI6')
  })

  it('people of an app come page by page', async () => {
    for (let each = 0; each < 55; each++) {
      const { user_id } = await createUser(provider.runtime, {
        email: `agent${each}@mi6.example`,
        name: `Agent ${each}`,
      })
      await addMember(provider.runtime, { companyId: MI6, userId: user_id })
      const row = { company_id: MI6, user_id, client_id: client.id, scopes: 'base', created_at: 1, updated_at: 1 }
      await provider.runtime.store.db.insertInto('installations').values(row).execute()
    }
    const first = await appPage()
    const next = first.document.querySelector('a[href*=after]')!.getAttribute('href')!
    const names = (page: ShownPage) => page.document.querySelectorAll('.people strong').map(({ text }) => text)
    expect(names(first)).toHaveLength(50)
    expect(names(await bond.open(next))).toEqual(['Agent 50', 'Agent 51', 'Agent 52', 'Agent 53', 'Agent 54'])
  })

  it('[OA-35] an administrator blocks an app, which first says whom that touches, and lets it in again', async () => {
    const tokens = await client.tokens(await moneypenny.code(client, asMoneypenny))
    const decide = (decision: string, more = {}) =>
      appPage().then(page => post(page, `/apps/${client.id}/decision`, { decision, ...more }))
    const asked = await decide('blocked')
    expect([asked.status, await asked.text()]).toEqual([
      200,
      expect.stringContaining('1 person at MI6 uses Field Notes'),
    ])
    expect((await client.me(tokens.access_token)).status).toBe(200)
    expect((await decide('blocked', { confirmed: 'yes' })).status).toBe(303)
    expect((await client.me(tokens.access_token)).status).toBe(401)
    expect((await decide('none')).headers.get('Location')).toBe(`/company/1/apps/${client.id}?saved=yes`)
    expect((await client.me(tokens.access_token)).status).toBe(200)
    expect((await decide('nonsense')).status).toBe(400)
    const { body } = await admin('GET', `/audit-events?company_id=${MI6}&action=app_policy.changed`)
    expect(body.data.map(({ actor }: { actor: object }) => actor)).toEqual([
      { type: 'user', id: String(BOND) },
      { type: 'user', id: String(BOND) },
    ])
  })

  it('an app is removed for everyone with the password only', async () => {
    const tokens = await client.tokens(await moneypenny.code(client, asMoneypenny))
    await bond.code(client, { company: MI6 })
    const page = await appPage()
    const remove = (password: string) => post(page, `/apps/${client.id}/remove`, { password })
    const refused = await remove('wrong')
    expect([refused.status, await refused.text()]).toEqual([422, expect.stringContaining('Nothing was removed.')])
    expect((await client.me(tokens.access_token)).status).toBe(200)
    const removed = await remove(PASSWORD)
    expect(removed.headers.get('Location')).toBe(`/company/1/apps/${client.id}?removed=2`)
    expect((await client.me(tokens.access_token)).status).toBe(401)
    const said = await bond.open(removed.headers.get('Location')!)
    expect(said.text).toContain('Field Notes was removed for 2 people.')
    // Guesses are limited as they are when signing in.
    const statuses: number[] = []
    for (let times = 0; times < 12; times++) statuses.push((await remove('wrong')).status)
    expect(statuses.at(-1)).toBe(429)
    expect((await remove(PASSWORD)).status).toBe(429)
    provider.pass(30 * MINUTE)
    expect((await remove(PASSWORD)).status).toBe(303)
  })

  it('an administrator answers the requests of members, for one, for all, or not', async () => {
    await setCompanyPolicy(provider.runtime, MI6, { default: 'ask' })
    const status = async (who: Person, email: string) => (await who.reachConsent(client, { email })).status
    const ask = async () => {
      const page = await moneypenny.reachConsent(client, asMoneypenny)
      await moneypenny.submit(page, { reason: 'for <b>the</b> expenses' })
    }
    const answer = async (button: string) =>
      post(await open('/requests'), '/requests', { client_id: client.id, user_id: String(MONEYPENNY), answer: button })
    expect((await open('/requests')).text).toContain('No one is waiting for an answer.')
    await ask()
    const page = await open('/requests')
    expect(page.text).toContain('Eve Moneypenny (eve.moneypenny@mi6.example) asked on January 15, 2026')
    expect(page.html).toContain('for &lt;b&gt;the&lt;/b&gt; expenses')
    await answer('refuse')
    expect(await status(moneypenny, MONEYPENNY_EMAIL)).toBe(403)
    await ask()
    await answer('one')
    expect(await status(moneypenny, MONEYPENNY_EMAIL)).toBe(200)
    expect((await open('/requests')).text).toContain('No one is waiting')
    // A page that was shown before, about a request that is not there, changes nothing.
    expect((await post(page, '/requests', { client_id: 'gone', user_id: '1', answer: 'one' })).status).toBe(303)
    expect((await post(page, '/requests', { client_id: client.id, user_id: 'x', answer: 'one' })).status).toBe(400)
    expect((await post(page, '/requests', { client_id: client.id, user_id: '1', answer: 'maybe' })).status).toBe(400)
  })

  it('the rules for apps are changed, and what the page does not show stays', async () => {
    await setCompanyPolicy(provider.runtime, MI6, {
      blockedScopes: ['of:another:program'],
      blockedHosts: ['agent.example'],
    })
    const page = await open('/rules')
    expect(page.document.querySelector('input[name=default][checked]')?.getAttribute('value')).toBe('allow')
    // The hosts are not shown where documents describe no apps.
    expect(page.document.querySelector('textarea')).toBeNull()
    const saved = await post(page, '/rules', { default: 'verified', 'block:users:read': 'on' })
    expect((await bond.open(saved.headers.get('Location')!)).text).toContain('Saved.')
    const { body } = await admin('GET', `/companies/${MI6}/app-policy`)
    expect(body).toEqual({
      default: 'verified',
      blocked_scopes: ['of:another:program', 'users:read'],
      blocked_hosts: ['agent.example'],
      developers: 'none',
    })
    expect((await post(page, '/rules', { default: 'nonsense' })).status).toBe(400)
  })

  it('[OA-11] a form that is not of this session changes nothing', async () => {
    const page = await appPage()
    const forged = { form_token: 'x' }
    const answers = await Promise.all([
      post(page, `/apps/${client.id}/decision`, { decision: 'blocked', confirmed: 'yes', ...forged }),
      post(page, `/apps/${client.id}/remove`, { password: PASSWORD, ...forged }),
      post(page, '/requests', { client_id: client.id, user_id: '1', answer: 'one', ...forged }),
      post(page, '/rules', { default: 'listed', ...forged }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403])
  })

  it('the log shows what happened at the company, by whom, and one kind alone', async () => {
    await moneypenny.code(client, asMoneypenny)
    await post(await appPage(), `/apps/${client.id}/decision`, { decision: 'allowed' })
    const { text } = await open('/log')
    expect(text.replace(/\s+/g, ' ')).toMatch(
      /app_policy\.changed ?James Bond ?Field Notes.*installation\.allowed ?Eve Moneypenny ?Eve Moneypenny Field Notes/,
    )
    const one = await open('/log?action=installation.allowed')
    expect(one.document.querySelectorAll('tbody tr')).toHaveLength(1)
    expect((await open('/log?action=%3Cscript%3E&before=%00')).status).toBe(200)
  })

  it('the log comes page by page', async () => {
    for (let times = 0; times < 60; times++) {
      await setAppPolicy(provider.runtime, { companyId: MI6, clientId: client.id }, times % 2 ? 'allowed' : 'ask')
    }
    const first = await open('/log?action=app_policy.changed')
    expect(first.document.querySelectorAll('tbody tr')).toHaveLength(50)
    const older = first.document
      .querySelectorAll('main a')
      .find(({ text }) => text === 'Older')!
      .getAttribute('href')!
    expect((await bond.open(older)).document.querySelectorAll('tbody tr')).toHaveLength(10)
  })
})

describe('the console where the platform signs people in', () => {
  useProvider(() => ({ login: { url: 'https://platform.example/login' } }))
  useAdmin()

  it('an app is removed for everyone after a sign-in of the last minutes on the platform’s page', async () => {
    const signInAgain = async (answer: Response) => {
      const url = new URL(answer.headers.get('Location')!)
      expect(url.origin).toBe('https://platform.example')
      const challenge = url.searchParams.get('login_challenge')
      const { body } = await admin('POST', '/login-challenge/accept', { challenge, user_id: BOND })
      return { url, page: await bond.open(String(body.redirect_to).replace('http://localhost:4040', '')) }
    }
    await signInAgain(await bond.request('/sign-in'))
    await bond.code(client, { company: MI6 })
    const path = `/company/${MI6}/apps/${client.id}`
    const page = await bond.open(path)
    expect(page.document.querySelector('input[name=password]')).toBeNull()
    const remove = (shown: ShownPage) => bond.submit(shown, {}, 'details.danger form')
    provider.pass(6 * MINUTE)
    const { url, page: again } = await signInAgain(await remove(page))
    expect(url.searchParams.get('prompt')).toBe('login')
    expect(again.text).toContain('James Bond')
    expect((await remove(again)).headers.get('Location')).toBe(`${path}?removed=1`)
  })
})
