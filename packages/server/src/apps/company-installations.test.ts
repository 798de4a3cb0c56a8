import { readFileSync } from 'node:fs'
import { changeCompanyInstallation, removeInstallation, removeMember, setApp, setAppPolicy, setMember } from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { beforeWrite } from '../../../../tests/support/before-write.ts'
import {
  app,
  asApp,
  bondAllows,
  codeOf,
  installForMi6,
  me,
  mi6App,
  moneypennyOpens,
  tokensOfMoneypenny,
  useCompanyApp,
} from '../../../../tests/support/company-app.ts'
import { answerOf } from '../../../../tests/support/person.ts'
import {
  BOND,
  BOND_EMAIL,
  MI6,
  MONEYPENNY,
  MONEYPENNY_EMAIL,
  UNIVERSAL_EXPORTS,
} from '../../../../tests/support/provider.ts'
import { person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { listPendingCallbacks } from '../store/queries/uninstall-callbacks.ts'

const fixture = JSON.parse(readFileSync(new URL('../../../../tests/fixtures/users-me.json', import.meta.url), 'utf8'))

describe('an app that is installed for a company', () => {
  useProvider()
  useCompanyApp()

  it('a company’s installation speaks for its app user, in the shape that clients know', async () => {
    const tokens = await installForMi6()
    expect(tokens).toMatchObject({ install_for: 'company', installed_by: BOND, scope: 'base users:read' })
    const { data } = await me(tokens.access_token)
    expect(Object.keys(data)).toEqual(Object.keys(fixture.data))
    expect(data).toMatchObject({ name: 'Field Notes', email: null, is_admin: 0, is_you: true, company_id: MI6 })
    expect(Number.isSafeInteger(data.id)).toBe(true)
    expect([BOND, MONEYPENNY]).not.toContain(data.id)
    expect((await me((await app.refreshed(tokens.refresh_token)).access_token)).data.id).toBe(data.id)
  })

  it('[OA-12] only me is chosen, unless the administrator says everyone', async () => {
    const page = await person.reachConsent(app, { company: MI6 })
    const radios = page.document.querySelectorAll('input[name=install_for]')
    expect(radios.map(each => [each.getAttribute('value'), each.hasAttribute('checked')])).toEqual([
      ['me', true],
      ['company', false],
    ])
    const mine = await app.tokens(codeOf(await person.submit(page, { decision: 'allow' })))
    expect((await me(mine.access_token)).data.id).toBe(BOND)
    expect((await moneypennyOpens()).status).toBe(200)
  })

  it('[OA-12] a member posts what only the administrator was offered, and installs nothing', async () => {
    const browser = provider.person()
    const page = await browser.reachConsent(app, { email: MONEYPENNY_EMAIL })
    expect(page.document.querySelector('input[name=install_for]')).toBeNull()
    const answer = await browser.submit(page, { decision: 'allow', install_for: 'company' })
    expect(answer.status).toBe(409)
    expect((await asApp()).error).toBe('invalid_grant')
    // Nor with the ticket of the administrator's page, nor for an administrator of another company.
    const bonds = await person.reachConsent(app, { company: MI6 })
    const ticket = bonds.document.querySelector('input[name=ticket]')!.getAttribute('value')!
    expect((await browser.submit(page, { decision: 'allow', install_for: 'company', ticket })).status).toBe(409)
    const elsewhere = await person.reachConsent(app, { company: UNIVERSAL_EXPORTS })
    expect((await person.submit(elsewhere, { decision: 'allow', install_for: 'company' })).status).toBe(409)
    expect((await asApp({ company_id: String(UNIVERSAL_EXPORTS) })).error).toBe('invalid_grant')
  })

  it('[OA-17] an administrator who is none any more in the commit installs nothing', async () => {
    const page = await person.reachConsent(app, { company: MI6 })
    const demote = () => setMember(provider.runtime, MI6, BOND, { isAdmin: false })
    const ran = beforeWrite(provider.runtime, /insert into "installations"/, demote)
    const answer = await person.submit(page, { decision: 'allow', install_for: 'company' })
    expect([ran(), answer.status]).toEqual([true, 409])
    expect((await asApp()).error).toBe('invalid_grant')
  })

  it('an installation of a company goes on when its installer leaves, and so do its tokens', async () => {
    const tokens = await installForMi6()
    await removeMember(provider.runtime, MI6, BOND)
    expect((await app.me(tokens.access_token)).status).toBe(200)
    expect((await app.refreshed(tokens.refresh_token)).scope).toBe('base users:read')
    expect(await asApp()).toMatchObject({ status: 200, installed_by: BOND })
    expect((await me((await tokensOfMoneypenny()).access_token)).data.id).toBe(MONEYPENNY)
  })

  it('a company keeps the app user from one installation to the next', async () => {
    const before = await me((await installForMi6()).access_token)
    const installation = { ...mi6App(), user_id: Number(before.data.id) }
    expect(await removeInstallation(provider.runtime, installation)).toBe(true)
    expect((await asApp()).error).toBe('invalid_grant')
    expect((await me((await installForMi6()).access_token)).data.id).toBe(before.data.id)
  })

  it('a company has one app user of an app, however many administrators install it at once', async () => {
    await setMember(provider.runtime, MI6, MONEYPENNY, { isAdmin: true })
    const other = provider.person()
    const pages = [
      [person, await person.reachConsent(app, { company: MI6 })],
      [other, await other.reachConsent(app, { email: MONEYPENNY_EMAIL })],
    ] as const
    const answers = await Promise.all(
      pages.map(([browser, page]) => browser.submit(page, { decision: 'allow', install_for: 'company' })),
    )
    const tokens = await Promise.all(answers.map(answer => app.tokens(codeOf(answer))))
    const [one, another] = await Promise.all(tokens.map(({ access_token }) => me(access_token)))
    expect(one!.data.id).toBe(another!.data.id)
    // And again and again, where it is installed already.
    for (let round = 0; round < 8; round++) {
      const codes = await Promise.all(
        [person, other].map(async browser => {
          const page = await browser.open(app.authorizePath({ prompt: 'consent' }))
          const consent = page.document.querySelector('input[name=company_id]')
            ? await browser.submitAndFollow(page, { company_id: String(MI6) })
            : page
          return codeOf(await browser.submit(consent, { decision: 'allow', install_for: 'company' }))
        }),
      )
      expect(codes.every(Boolean)).toBe(true)
    }
  })

  it('the app user has the name of the app, also once that is another', async () => {
    const { access_token } = await installForMi6()
    await setApp(provider.runtime, app.id, { name: 'Field Diaries' })
    expect((await me(access_token)).data.name).toBe('Field Diaries')
  })

  it('the app user of a company is no colleague and no member, and cannot be administered as one', async () => {
    const tokens = await installForMi6()
    const appUser = Number((await me(tokens.access_token)).data.id)
    const get = async (path: string, token: string) =>
      provider.fetch(path, { headers: { Authorization: `Bearer ${token}` } })
    const hers = (await tokensOfMoneypenny()).access_token
    const listed = (await (await get('/users', hers)).json()) as { data: { id: number }[] }
    expect(listed.data.map(({ id }) => id)).toEqual([BOND, MONEYPENNY])
    expect((await get(`/users/${appUser}`, hers)).status).toBe(404)
    // To itself it is there: programs look themselves up.
    expect((await get(`/users/${appUser}`, tokens.access_token)).status).toBe(200)
    await expect(setMember(provider.runtime, MI6, appUser, { isAdmin: true })).rejects.toThrow('not a member')
    await expect(removeMember(provider.runtime, MI6, appUser)).rejects.toThrow('not a member')
  })

  it('[OA-32] scopes that the administrator takes back are lost by the app user and by each member at once', async () => {
    const tokens = await installForMi6()
    const hers = await tokensOfMoneypenny()
    await changeCompanyInstallation(provider.runtime, mi6App(), { scopes: ['base'] })
    for (const { access_token, refresh_token } of [tokens, hers]) {
      const headers = { Authorization: `Bearer ${access_token}` }
      expect((await provider.fetch('/users', { headers })).status).toBe(403)
      expect((await app.refreshed(refresh_token)).scope).toBe('base')
    }
    expect((await asApp()).scope).toBe('base')
  })

  it('members who had only what is taken back lose the app, and the app is told', async () => {
    await setApp(provider.runtime, app.id, { uninstallUrl: 'https://app.example/callback' })
    await installForMi6()
    const hers = await tokensOfMoneypenny({ scope: 'users:read' })
    await changeCompanyInstallation(provider.runtime, mi6App(), { scopes: ['base'] })
    expect((await app.me(hers.access_token)).status).toBe(401)
    const rows = (await listPendingCallbacks(provider.runtime.store)).map(({ user_id, kind }) => ({ user_id, kind }))
    expect(rows).toEqual([{ user_id: MONEYPENNY, kind: 'user' }])
  })

  it('[OA-33] a removed installation ends for the app user and for all members, and its callbacks say which kind ended', async () => {
    await setApp(provider.runtime, app.id, { uninstallUrl: 'https://app.example/callback' })
    const tokens = await installForMi6()
    const appUser = Number((await me(tokens.access_token)).data.id)
    const own = await app.tokens(codeOf(await bondAllows({}, { prompt: 'consent' })))
    const hers = await tokensOfMoneypenny()
    await removeInstallation(provider.runtime, { ...mi6App(), user_id: appUser })
    for (const { access_token } of [tokens, own, hers]) expect((await app.me(access_token)).status).toBe(401)
    const told = (await listPendingCallbacks(provider.runtime.store)).map(({ user_id, kind }) => ({ user_id, kind }))
    expect(told).toHaveLength(3)
    expect(told).toEqual(
      expect.arrayContaining([
        { user_id: appUser, kind: 'company' },
        { user_id: MONEYPENNY, kind: 'user' },
      ]),
    )
  })

  it('what a member had allowed for themself before stays when the installation of the company ends', async () => {
    const browser = provider.person()
    const own = await app.tokens(await browser.code(app, { email: MONEYPENNY_EMAIL }))
    const tokens = await installForMi6()
    expect((await tokensOfMoneypenny()).scope).toBe('base users:read')
    const appUser = Number((await me(tokens.access_token)).data.id)
    await removeInstallation(provider.runtime, { ...mi6App(), user_id: appUser })
    expect((await app.me(own.access_token)).status).toBe(200)
  })

  it('[OA-35] a company that blocks the app refuses all its tokens, and it gets no others', async () => {
    const tokens = await installForMi6()
    const hers = await tokensOfMoneypenny()
    await setAppPolicy(provider.runtime, { companyId: MI6, clientId: app.id }, 'blocked')
    for (const { access_token } of [tokens, hers]) expect((await app.me(access_token)).status).toBe(401)
    expect((await asApp()).error).toBe('invalid_grant')
    expect((await moneypennyOpens()).status).toBe(403)
  })

  describe('client_credentials', () => {
    it('client_credentials gives a token of the app user, without a refresh token, for what the app asks', async () => {
      const tokens = await installForMi6()
      const answer = await asApp({ scope: 'base' })
      expect(answer).toMatchObject({ status: 200, scope: 'base', install_for: 'company', installed_by: BOND })
      expect(answer.refresh_token).toBeUndefined()
      expect((await me(answer.access_token)).data.id).toBe((await me(tokens.access_token)).data.id)
      expect(await (await app.introspect(answer.access_token)).json()).toMatchObject({ username: 'Field Notes' })
    })

    it('[OA-20] client_credentials refuses who cannot show who it is, public clients, and companies that have not installed the app', async () => {
      await installForMi6()
      const wrong = await provider.fetch('/oauth/token', {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          company_id: '1',
          client_id: app.id,
          client_secret: 'x',
        }),
      })
      expect(wrong.status).toBe(401)
      const errors = {
        '': 'invalid_request',
        '2': 'invalid_grant',
        '1 ': 'invalid_request',
        '9007199254740993': 'invalid_request',
      }
      for (const [company_id, error] of Object.entries(errors)) expect((await asApp({ company_id })).error).toBe(error)
      expect((await asApp({ resource: 'https://elsewhere.example' })).error).toBe('invalid_target')
      const other = await provider.registerApp({ install: 'company' })
      const others = await other.post('/oauth/token', { grant_type: 'client_credentials', company_id: '1' })
      expect(await others.json()).toMatchObject({ error: 'invalid_grant' })
      const open = await provider.registerApp({ isPublic: true })
      const opens = await open.post('/oauth/token', { grant_type: 'client_credentials', company_id: '1' })
      expect(await opens.json()).toMatchObject({ error: 'unauthorized_client' })
    })
  })

  describe('that is only for companies', () => {
    beforeEach(() => setApp(provider.runtime, app.id, { install: 'company' }))

    it('an app for companies offers an administrator the company alone', async () => {
      const page = await person.reachConsent(app, { company: MI6 })
      expect(page.document.querySelector('input[name=install_for]')!.getAttribute('type')).toBe('hidden')
      const tokens = await app.tokens(codeOf(await person.submit(page, { decision: 'allow' })))
      expect(tokens).toMatchObject({ install_for: 'company' })
      const again = await person.reachConsent(app, { company: UNIVERSAL_EXPORTS })
      expect(again.status).toBe(403)
    })

    it('a member can ask for an app for companies, and an administrator sees that', async () => {
      const browser = provider.person()
      const page = await browser.reachConsent(app, { email: MONEYPENNY_EMAIL })
      expect(page.text).toContain('installed for a whole company')
      const asked = await browser.submitAndFollow(page, { reason: 'For the field reports' })
      expect(asked.text).toContain('You asked on')
      await person.signIn(BOND_EMAIL)
      expect((await person.open(`/company/${MI6}/requests`)).text).toContain('For the field reports')
      const silent = answerOf(await moneypennyOpens({ prompt: 'none' }))
      expect(silent.searchParams.get('error')).toBe('consent_required')
    })
  })
})
