import {
  addMember,
  changeCompanyInstallation,
  narrowInstallation,
  removeInstallation,
  removeMember,
  setMemberAccess,
} from 'tenantry'
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
  useInstead,
} from '../../../../tests/support/company-app.ts'
import { answerOf } from '../../../../tests/support/person.ts'
import { BOND, MI6, MONEYPENNY, MONEYPENNY_EMAIL, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'

describe('an app that is installed for a company, and its members', () => {
  useProvider()
  useCompanyApp()

  describe('when a member opens it', () => {
    it('a member of the company gets their own token without another page, also silently and after a choice of company', async () => {
      await installForMi6()
      const tokens = await tokensOfMoneypenny()
      expect((await me(tokens.access_token)).data).toMatchObject({ id: MONEYPENNY, company_id: MI6 })
      expect(codeOf(await moneypennyOpens({ prompt: 'none' }))).toBeTruthy()
      const chooser = await person.open(app.authorizePath())
      const chosen = await person.submit(chooser, { company_id: String(MI6) })
      const answer = await person.request(chosen.headers.get('Location')!)
      expect((await me((await app.tokens(codeOf(answer))).access_token)).data).toMatchObject({ id: BOND })
    })

    it('[OA-12] an app of one company asks as ever at another, and for who is no member yet', async () => {
      await installForMi6()
      const page = await person.reachConsent(app, { company: UNIVERSAL_EXPORTS })
      expect(page.text).toContain('Universal Exports')
      expect(page.document.querySelector('button[value=allow]')).not.toBeNull()
      await removeMember(provider.runtime, MI6, MONEYPENNY)
      const browser = provider.person()
      await browser.signIn(MONEYPENNY_EMAIL)
      expect((await browser.open(app.authorizePath())).status).toBe(403)
      await addMember(provider.runtime, { companyId: MI6, userId: MONEYPENNY })
      expect(codeOf(await browser.request(app.authorizePath()))).toBeTruthy()
    })

    it('[OA-25] an app gets no more of a member than the administrator granted, and says so', async () => {
      await installForMi6({ scope: 'base' })
      const tokens = await tokensOfMoneypenny()
      expect(tokens.scope).toBe('base')
      expect(await (await app.introspect(tokens.access_token)).json()).toMatchObject({ scope: 'base' })
      const none = answerOf(await moneypennyOpens({ scope: 'users:read' }))
      expect(none.searchParams.get('error')).toBe('access_denied')
      expect((await asApp({ scope: 'users:read' })).error).toBe('invalid_scope')
    })

    it('an administrator is shown what is new, and what they allow holds for everyone', async () => {
      const first = await installForMi6({ scope: 'base' })
      const page = await person.reachConsent(app, { company: MI6 })
      const news = page.document.querySelectorAll('.can-do li').filter(each => each.text.includes('New:'))
      expect(news.map(({ text }) => text)).toEqual([expect.stringContaining('See the people of this company')])
      await app.tokens(codeOf(await person.submit(page, { decision: 'allow', install_for: 'company' })))
      expect((await tokensOfMoneypenny()).scope).toBe('base users:read')
      expect((await app.me(first.access_token)).status).toBe(200)
    })

    it('[OA-16] a public client on loopback asks each time, and prompt=none tells it so', async () => {
      await useInstead({ install: 'both', isPublic: true, redirectUris: ['http://127.0.0.1/callback'] })
      const pkce = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' }
      await bondAllows({ install_for: 'company' }, pkce)
      expect((await moneypennyOpens(pkce)).status).toBe(200)
      const silent = answerOf(await moneypennyOpens({ ...pkce, prompt: 'none' }))
      expect(silent.searchParams.get('error')).toBe('interaction_required')
    })

    it('prompt=consent asks a member whom the company’s installation serves', async () => {
      await installForMi6()
      expect((await moneypennyOpens({ prompt: 'consent' })).status).toBe(200)
    })

    it('[OA-33] a member whom the administrator excludes is refused from the next request on, until that is taken back', async () => {
      await installForMi6()
      const tokens = await tokensOfMoneypenny()
      await setMemberAccess(provider.runtime, { ...mi6App(), user_id: MONEYPENNY }, 'excluded')
      expect((await app.me(tokens.access_token)).status).toBe(401)
      expect((await app.refreshed(tokens.refresh_token)).error).toBe('invalid_grant')
      expect((await moneypennyOpens()).status).toBe(403)
      const silent = answerOf(await moneypennyOpens({ prompt: 'none' }))
      expect(silent.searchParams.get('error')).toBe('access_denied')
      await setMemberAccess(provider.runtime, { ...mi6App(), user_id: MONEYPENNY }, null)
      expect((await app.me((await tokensOfMoneypenny()).access_token)).status).toBe(200)
    })

    it('[OA-33] only named members are served where the administrator says so', async () => {
      await installForMi6()
      const hers = await tokensOfMoneypenny()
      await setMemberAccess(provider.runtime, { ...mi6App(), user_id: BOND }, 'allowed')
      const his = await app.tokens(codeOf(await person.request(app.authorizePath({ prompt: 'none', company_id: '1' }))))
      await changeCompanyInstallation(provider.runtime, mi6App(), { audience: 'named' })
      expect((await app.me(hers.access_token)).status).toBe(401)
      expect((await app.me(his.access_token)).status).toBe(200)
      expect((await moneypennyOpens()).status).toBe(403)
      expect(await asApp()).toMatchObject({ status: 200 })
      await setMemberAccess(provider.runtime, { ...mi6App(), user_id: BOND }, null)
      expect((await app.me(his.access_token)).status).toBe(401)
    })

    it('[OA-17] an exclusion, a narrowing or a removal between the check and the write is obeyed', async () => {
      const tokens = await installForMi6()
      const appUser = { ...mi6App(), user_id: Number((await me(tokens.access_token)).data.id) }
      const { runtime } = provider
      const racing = async (action: () => Promise<unknown>) => {
        const ran = beforeWrite(runtime, /insert into "installations"/, action)
        const answer = await moneypennyOpens()
        expect(ran()).toBe(true)
        return answer
      }
      await racing(() => narrowInstallation(runtime, appUser, ['base']))
      const narrowed = await tokensOfMoneypenny()
      expect(narrowed.scope).toBe('base')
      await removeInstallation(runtime, { ...mi6App(), user_id: MONEYPENNY })
      const excluded = await racing(() => setMemberAccess(runtime, { ...mi6App(), user_id: MONEYPENNY }, 'excluded'))
      expect(excluded.headers.get('Location')).toBeNull()
      await setMemberAccess(runtime, { ...mi6App(), user_id: MONEYPENNY }, null)
      const removed = await racing(() => removeInstallation(runtime, appUser))
      expect(removed.headers.get('Location')).toBeNull()
    })

    it('[OA-33] a member who is excluded at the same moment is left with no token that works, however it falls', async () => {
      await installForMi6()
      const key = { ...mi6App(), user_id: MONEYPENNY }
      const browser = provider.person()
      await browser.signIn(MONEYPENNY_EMAIL)
      for (let round = 0; round < 10; round++) {
        const [answer] = await Promise.all([
          browser.request(app.authorizePath()),
          setMemberAccess(provider.runtime, key, 'excluded'),
        ])
        const code = answer.headers.has('Location') ? codeOf(answer) : null
        if (code) expect((await app.tokens(code)).error).toBe('invalid_grant')
        await setMemberAccess(provider.runtime, key, null)
      }
    })
  })

  describe('under Connected apps', () => {
    const postTo = async (path: string, fields: Record<string, string>) => {
      const page = await person.open('/connected-apps')
      const form_token = page.document.querySelector('input[name=form_token]')!.getAttribute('value')!
      return person.request(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ form_token, client_id: app.id, company_id: String(MI6), ...fields }).toString(),
      })
    }
    const silently = async () => answerOf(await person.request(app.authorizePath({ prompt: 'none', company_id: '1' })))

    beforeEach(() => installForMi6())

    it('a member sees the app before it is opened, and can leave it out: then it asks first', async () => {
      const page = await person.open('/connected-apps')
      expect(page.text).toContain('MI6 installed it for its members')
      const code = (await silently()).searchParams.get('code')!
      const tokens = await app.tokens(code)
      await postTo('/connected-apps/remove', {})
      expect((await app.me(tokens.access_token)).status).toBe(401)
      expect((await silently()).searchParams.get('error')).toBe('consent_required')
      expect((await person.open('/connected-apps')).text).toContain('You left it out')
      const asked = await person.reachConsent(app, { company: MI6 })
      await person.submit(asked, { decision: 'allow', install_for: 'me' })
      expect((await silently()).searchParams.get('code')).toBeTruthy()
    })

    it('a scope that the member takes back stays with them until they give it back', async () => {
      const tokens = await app.tokens((await silently()).searchParams.get('code')!)
      await postTo('/connected-apps/scopes', { 'keep:base': 'on' })
      expect(await (await app.introspect(tokens.access_token)).json()).toMatchObject({ scope: 'base' })
      expect((await app.tokens((await silently()).searchParams.get('code')!)).scope).toBe('base')
      expect((await asApp()).scope).toBe('base users:read')
      await postTo('/connected-apps/scopes', { 'keep:base': 'on', 'keep:users:read': 'on' })
      expect((await app.tokens((await silently()).searchParams.get('code')!)).scope).toBe('base users:read')
    })
  })
})
