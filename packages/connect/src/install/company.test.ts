import { createAccount, type Identity, type InstallQuestion, useAccount } from '@tenantry/connect'
import { removeMember, setMemberAccess } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  AT_EXPORTS,
  AT_MI6,
  BOND,
  createTestApp,
  MONEYPENNY,
  MONEYPENNY_AT_MI6,
  startKitProvider,
  type TestApp,
} from '../../../../tests/support/kit.ts'
import type { TestProvider } from '../testing/index.ts'

describe('an app that is installed for a company, in the kit', () => {
  let provider: TestProvider
  let app: TestApp
  let asked: InstallQuestion[]
  let ended: string[]
  const forMi6 = { ...BOND, company: 1, installFor: 'company' } as const
  const companies = () => asked.map(({ identity }) => identity).filter(({ kind }) => kind === 'company')
  const me = async (reference: { companyId: number; userId: number }) =>
    (await (await app.connect.fetch(reference, '/users/me')).json()) as { data: { id: number; name: string } }

  beforeEach(async () => {
    provider = await startKitProvider({ app: { install: 'both' } })
    asked = []
    ended = []
    app = createTestApp(provider, {
      onUninstall: ({ identity }) => {
        ended.push(`${identity.kind} ${identity.userId}`)
      },
      onInstall(question) {
        asked.push(question)
        const { identity, link, account, intent } = question
        if (link) return useAccount(link.accountId)
        if (identity.kind === 'user' && intent === 'link' && account) return useAccount(account)
        return createAccount(() => `${identity.kind} ${identity.companyId} ${identity.userId}`)
      },
    })
  })
  afterEach(() => provider.close())

  it('onInstall learns the kind, the app user and who installed, and then of the person, who is signed in', async () => {
    const answer = await provider.install(app.connect, forMi6)
    const [company, person] = asked.map(({ identity }) => identity) as [Identity, Identity]
    expect(company).toMatchObject({
      kind: 'company',
      installedBy: 777,
      companyId: 1,
      email: null,
      name: 'App under test',
    })
    expect(person).toMatchObject({ kind: 'user', installedBy: null, ...AT_MI6 })
    expect(answer.headers.getSetCookie().join()).toContain('account=user 1 777')
    expect(answer.headers.getSetCookie().join()).not.toContain('account=company')
  })

  it('fetch speaks for the app user of the company and for a member, side by side', async () => {
    await provider.install(app.connect, forMi6)
    await provider.install(app.connect, MONEYPENNY)
    const [company] = companies()
    expect((await me(company!)).data).toMatchObject({ id: company!.userId, name: 'App under test' })
    expect((await me(MONEYPENNY_AT_MI6)).data).toMatchObject({ id: 779 })
    expect((await app.connect.links.find(company!))?.accountId).toBe(`company 1 ${company!.userId}`)
  })

  it('what a company installed goes on when the installer leaves', async () => {
    await provider.install(app.connect, forMi6)
    const [company] = companies()
    await removeMember(provider.tenantry.runtime, 1, 777)
    provider.pass(2 * 3600_000)
    expect((await me(company!)).data.id).toBe(company!.userId)
  })

  it('a company’s tokens are asked for by the app’s own credentials where the refresh token is lost', async () => {
    await provider.install(app.connect, forMi6)
    const [company] = companies()
    // Unused for 60 days it is dead.
    provider.pass(61 * 24 * 3600_000)
    expect((await me(company!)).data.id).toBe(company!.userId)
    expect(app.reported.needsReauthorization).toEqual([])
    provider.pass(2 * 3600_000)
    expect((await me(company!)).data.id).toBe(company!.userId)
  })

  it('linkCompany makes the link of an install whose callback never came, once', async () => {
    const person = provider.person(app.connect)
    const start = new URL(app.connect.startPath, provider.options.redirectUri)
    await person.walk(start, provider.options.redirectUri, forMi6)
    expect(companies()).toEqual([])
    const [link, again] = [await app.connect.linkCompany(1), await app.connect.linkCompany(1)]
    expect(link).toMatchObject({ companyId: 1, identity: { kind: 'company', installedBy: 777 } })
    expect(again?.accountId).toBe(link?.accountId)
    expect((await me(link!)).data.id).toBe(link!.userId)
    expect(await app.connect.linkCompany(2)).toBeUndefined()
  })

  it('uninstalls say which kind ended: the members’ links are theirs, and the company’s is its own', async () => {
    await provider.install(app.connect, forMi6)
    await provider.install(app.connect, MONEYPENNY)
    await provider.install(app.connect, { ...BOND, company: 2 })
    const [company] = companies()
    await provider.uninstall(app.connect, company!)
    await provider.uninstall(app.connect, MONEYPENNY_AT_MI6)
    expect(ended).toEqual([`company ${company!.userId}`, 'user 779'])
    // At the provider it ended for all members of the company, and for no one elsewhere.
    await expect(app.connect.identify(AT_MI6)).rejects.toMatchObject({ code: 'needs_reauthorization' })
    expect((await me(AT_EXPORTS)).data.id).toBe(777)
  })

  it('a member whom the administrator excludes is refused, and the company goes on', async () => {
    await provider.install(app.connect, forMi6)
    await provider.install(app.connect, MONEYPENNY)
    const [company] = companies()
    const { runtime } = provider.tenantry
    const key = { company_id: 1, client_id: provider.options.clientId, user_id: 779 }
    await setMemberAccess(runtime, key, 'excluded')
    await expect(app.connect.identify(MONEYPENNY_AT_MI6)).rejects.toMatchObject({ code: 'needs_reauthorization' })
    expect((await me(company!)).data.id).toBe(company!.userId)
  })

  it('an owner who adds a company and installs it for everyone gets it to their account, and the company has its own', async () => {
    const person = provider.person(app.connect)
    await provider.install(app.connect, { ...BOND, company: 2 }, person)
    const owner = (await app.connect.links.find(AT_EXPORTS))!.accountId
    const form = { method: 'POST', headers: { 'Sec-Fetch-Site': 'same-origin' } }
    await provider.install(app.connect, forMi6, person, form)
    expect((await app.connect.links.find(AT_MI6))?.accountId).toBe(owner)
    const [company] = companies()
    expect((await app.connect.links.find(company!))?.accountId).toBe(`company 1 ${company!.userId}`)
  })
})
