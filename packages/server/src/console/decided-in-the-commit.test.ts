import { setCompany, setMember } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { beforeWrite } from '../../../../tests/support/before-write.ts'
import type { Client } from '../../../../tests/support/client.ts'
import { BOND, MI6, MONEYPENNY, MONEYPENNY_EMAIL, PASSWORD } from '../../../../tests/support/provider.ts'
import { person as bond, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { askForApp } from '../apps/app-requests.ts'

describe('what the console writes is decided in the commit', () => {
  useProvider()
  let own: Client
  let forAll: Client
  let asked: Client

  beforeEach(async () => {
    ;[own, forAll, asked] = await Promise.all([
      provider.registerApp({ name: 'Own', scopes: ['base', 'users:read'] }),
      provider.registerApp({ name: 'For all', install: 'both', scopes: ['base', 'users:read'] }),
      provider.registerApp({ name: 'Asked for' }),
    ])
    await bond.signIn()
    const consent = await bond.reachConsent(forAll, { company: MI6 })
    await bond.submit(consent, { decision: 'allow', install_for: 'company' })
    await provider.person().code(own, { email: MONEYPENNY_EMAIL })
    const key = { company_id: MI6, user_id: MONEYPENNY, client_id: asked.id }
    await askForApp(provider.runtime, key, { scopes: ['base'], reason: 'For reports' })
  })

  const ofApp = (app: Client, rest: string) => `/company/${MI6}/apps/${app.id}/${rest}`
  const her = { user_id: String(MONEYPENNY) }
  const forms = (): [path: string, fields: Record<string, string>][] => [
    [ofApp(own, 'decision'), { decision: 'blocked', confirmed: 'yes' }],
    [ofApp(own, 'person'), { ...her, 'keep:base': 'on' }],
    [ofApp(own, 'remove'), { password: PASSWORD }],
    [ofApp(forAll, 'installation'), { audience: 'named', 'keep:base': 'on' }],
    [ofApp(forAll, 'access'), { ...her, access: 'excluded' }],
    [ofApp(forAll, 'remove'), { password: PASSWORD }],
    [`/company/${MI6}/requests`, { ...her, client_id: asked.id, answer: 'all' }],
    [`/company/${MI6}/rules`, { default: 'listed', 'block:users:read': 'on' }],
  ]
  const send = async (form_token: string, path: string, fields: Record<string, string>) =>
    bond.request(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ form_token, ...fields }).toString(),
    })

  /** What companies have decided, and what is installed. */
  async function decided() {
    const { db } = provider.runtime.store
    const tables = ['companies', 'app_policies', 'app_requests', 'installations', 'member_access'] as const
    return Promise.all(
      tables.map(table =>
        db.selectFrom(table).selectAll().where('company_id', '=', MI6).orderBy('company_id').execute(),
      ),
    )
  }

  it('[OA-17] an administrator who is none any more in the commit changes nothing, and reads why', async () => {
    const page = await bond.open(`/company/${MI6}/rules`)
    const token = page.document.querySelector('main input[name=form_token]')!.getAttribute('value')!
    const before = await decided()
    for (const [path, fields] of forms()) {
      const demote = () => setMember(provider.runtime, MI6, BOND, { isAdmin: false })
      const ran = beforeWrite(provider.runtime, /^select .*"is_admin"/, demote)
      const answer = await send(token, path, fields)
      expect([path, ran(), answer.status]).toEqual([path, true, 403])
      expect(await answer.text()).toContain('Only administrators of MI6')
      expect([path, await decided()]).toEqual([path, before])
      await setMember(provider.runtime, MI6, BOND, { isAdmin: true })
    }
    // They are forms that work.
    for (const [path, fields] of forms()) {
      const was = await decided()
      expect([path, (await send(token, path, fields)).status]).toEqual([path, 303])
      expect([path, await decided()]).not.toEqual([path, was])
    }
  })

  it('[OA-17] nothing is changed at a company that is suspended in the commit', async () => {
    const page = await bond.open(`/company/${MI6}/rules`)
    const token = page.document.querySelector('main input[name=form_token]')!.getAttribute('value')!
    const suspend = () => setCompany(provider.runtime, MI6, { suspended: true })
    const ran = beforeWrite(provider.runtime, /^select .*"is_admin"/, suspend)
    const answer = await send(token, `/company/${MI6}/rules`, { default: 'listed' })
    expect([ran(), answer.status]).toEqual([true, 404])
    const [[company]] = (await decided()) as [[{ app_policy: string }], ...unknown[]]
    expect(company.app_policy).toBe('allow')
  })
})
