import {
  type AppDecision,
  addMember,
  createResourceServer,
  createUser,
  deleteApp,
  setApp,
  setAppPolicy,
  setCompanyPolicy,
  setMember,
  setPassword,
} from 'tenantry'
import { beforeEach, describe, expect, it } from 'vitest'
import { admin, adminWith, useAdmin } from '../../../../tests/support/admin.ts'
import type { TokenAnswer } from '../../../../tests/support/client.ts'
import { answerOf, type Person, type ShownPage } from '../../../../tests/support/person.ts'
import {
  BOND,
  MI6,
  MONEYPENNY,
  MONEYPENNY_EMAIL,
  PASSWORD,
  UNIVERSAL_EXPORTS,
} from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { createApp } from './apps.ts'

describe('which apps a company lets its members allow', () => {
  useProvider()
  useAdmin()
  let moneypenny: Person
  const asMoneypenny = { email: MONEYPENNY_EMAIL }

  beforeEach(() => {
    moneypenny = provider.person()
  })

  const decide = (decision: AppDecision | null, companyId = MI6) =>
    setAppPolicy(provider.runtime, { companyId, clientId: client.id }, decision)
  const silently = async (who = moneypenny, parameters = {}) =>
    answerOf(await who.request(client.authorizePath({ prompt: 'none', ...parameters }))).searchParams.get('error')
  const ask = (page: ShownPage, reason = 'for the expenses') => moneypenny.submitAndFollow(page, { reason })

  describe('an app that is blocked', () => {
    let tokens: TokenAnswer
    beforeEach(async () => {
      tokens = await client.tokens(await moneypenny.code(client, asMoneypenny))
      expect((await client.me(tokens.access_token)).status).toBe(200)
    })

    it('[OA-35] an app that is blocked is refused at the next request with the tokens it has, and gets no others', async () => {
      const code = await moneypenny.code(client, asMoneypenny)
      await decide('blocked')
      expect((await client.me(tokens.access_token)).status).toBe(401)
      expect((await client.refreshed(tokens.refresh_token)).error).toBe('invalid_grant')
      expect((await client.tokens(code)).error).toBe('invalid_grant')
      expect(await (await client.introspect(tokens.access_token)).json()).toEqual({ active: false })
      const users = await provider.fetch('/users', { headers: { Authorization: `Bearer ${tokens.access_token}` } })
      expect(users.status).toBe(401)
    })

    it('an app that is not blocked any more is as it was, with the tokens it had', async () => {
      await decide('blocked')
      await decide('allowed')
      expect((await client.me(tokens.access_token)).status).toBe(200)
      await decide('blocked')
      await decide(null)
      expect((await client.refreshed(tokens.refresh_token)).access_token).toMatch(/^tny_at_/)
    })

    it('an app is blocked at one company alone', async () => {
      const elsewhere = await client.tokens(await person.code(client, { company: UNIVERSAL_EXPORTS }))
      const here = await client.tokens(await person.code(client, { company: MI6 }))
      await decide('blocked')
      expect((await client.me(elsewhere.access_token)).status).toBe(200)
      expect((await client.me(here.access_token)).status).toBe(401)
    })

    it('an app that is blocked cannot be allowed, by an administrator neither, and is told so', async () => {
      await decide('blocked')
      const page = await person.reachConsent(client, { company: MI6 })
      expect([page.status, page.text]).toEqual([403, expect.stringContaining('Field Notes is not allowed')])
      expect(page.document.querySelector('textarea')).toBeNull()
      const answer = answerOf(await person.submit(page, { cancel: 'yes' }))
      expect(answer.searchParams.get('error')).toBe('access_denied')
      expect(await silently()).toBe('access_denied')
    })

    it('[OA-17] a consent page that was shown before does not allow an app that is blocked', async () => {
      const page = await moneypenny.reachConsent(client, asMoneypenny)
      await decide('blocked')
      const answer = await moneypenny.submit(page, { decision: 'allow' })
      expect([answer.status, answer.headers.get('Location')]).toEqual([403, null])
    })
  })

  it('[OA-17] what the company says is decided in the commit: blocking at the same moment grants nothing that works', async () => {
    for (let round = 0; round < 15; round++) {
      await decide(null)
      const page = await moneypenny.reachConsent(client, asMoneypenny)
      const [answer] = await Promise.all([moneypenny.submit(page, { decision: 'allow' }), decide('blocked')])
      const location = answer.headers.get('Location')
      if (!location?.includes('code=')) continue
      const code = new URL(location).searchParams.get('code')!
      expect((await client.tokens(code)).error).toBe('invalid_grant')
    }
  })

  it('two administrators who block two apps at once block both', async () => {
    const others = await Promise.all([1, 2, 3, 4].map(() => provider.registerApp()))
    await Promise.all(
      others.map(({ id }) => setAppPolicy(provider.runtime, { companyId: MI6, clientId: id }, 'blocked')),
    )
    const { body } = await admin('GET', `/companies/${MI6}/app-policies`)
    expect(body.data.map(({ client_id }: { client_id: string }) => client_id)).toEqual(
      others.map(({ id }) => id).sort(),
    )
    for (const other of others) {
      expect((await moneypenny.reachConsent(other, asMoneypenny)).status).toBe(403)
    }
  })

  it.each([
    ['allow', 200, 200, null],
    ['verified', 403, 200, 'consent_required'],
    ['listed', 403, 403, 'access_denied'],
    ['ask', 403, 403, 'consent_required'],
  ] as const)('the default %s answers %i for an app, %i for a verified one', async (policy, other, verified, error) => {
    await setCompanyPolicy(provider.runtime, MI6, { default: policy })
    const statusNow = async () => (await moneypenny.reachConsent(client, asMoneypenny)).status
    expect(await statusNow()).toBe(other)
    expect(await silently()).toBe(error ?? 'consent_required')
    await setApp(provider.runtime, client.id, { verified: true })
    expect(await statusNow()).toBe(verified)
    // A decision of its own comes first, and another company has its own policy.
    await decide('allowed')
    expect(await statusNow()).toBe(200)
    expect((await person.reachConsent(client, { company: UNIVERSAL_EXPORTS })).status).toBe(200)
  })

  it('a change of the default ends nothing that was allowed', async () => {
    const tokens = await client.tokens(await moneypenny.code(client, asMoneypenny))
    await setCompanyPolicy(provider.runtime, MI6, { default: 'listed' })
    expect((await client.me(tokens.access_token)).status).toBe(200)
    expect((await client.refreshed(tokens.refresh_token)).access_token).toMatch(/^tny_at_/)
  })

  describe('asking an administrator', () => {
    beforeEach(() => setCompanyPolicy(provider.runtime, MI6, { default: 'ask' }))
    const requests = async (state = 'open') =>
      (await admin('GET', `/companies/${MI6}/app-requests?state=${state}`)).body
    const answer = (decision: 'allowed' | 'refused', more = {}) =>
      admin('PUT', `/companies/${MI6}/members/${MONEYPENNY}/app-requests/${client.id}`, { decision, ...more })

    it('a member asks with a reason, is allowed once, and allows the app then', async () => {
      const page = await moneypenny.reachConsent(client, asMoneypenny)
      expect(page.text).toContain('Ask an administrator of MI6 to allow Field Notes')
      const asked = await ask(page)
      expect(asked.text).toContain('You asked on 15 January 2026.')
      expect(asked.document.querySelector('textarea')).toBeNull()
      expect((await requests()).data).toEqual([
        {
          ...{ company_id: MI6, client_id: client.id, user_id: MONEYPENNY, scopes: ['base', 'users:read'] },
          ...{ reason: 'for the expenses', requested_at: '2026-01-15T12:00:00.000Z' },
          ...{ decision: null, decided_at: null, decided_by: null },
        },
      ])
      expect((await moneypenny.reachConsent(client)).text).toContain('You asked on')
      expect((await answer('allowed')).status).toBe(200)
      expect((await requests()).data).toEqual([])
      expect(await moneypenny.code(client, asMoneypenny)).toMatch(/^tny_ac_1_/)
      // For her alone.
      await addMember(provider.runtime, { companyId: MI6, userId: await newUser('q@mi6.example') })
      const q = provider.person()
      expect((await q.reachConsent(client, { email: 'q@mi6.example' })).status).toBe(403)
    })

    it('what was allowed once holds for the scopes that were asked for, and no more', async () => {
      const narrow = { scope: 'base' }
      await ask(await moneypenny.reachConsent(client, asMoneypenny, narrow))
      await answer('allowed')
      expect((await moneypenny.reachConsent(client, asMoneypenny, narrow)).status).toBe(200)
      expect((await moneypenny.reachConsent(client, asMoneypenny)).status).toBe(403)
    })

    it('an administrator may refuse, and the member may ask again', async () => {
      await ask(await moneypenny.reachConsent(client, asMoneypenny))
      await answer('refused')
      const refused = await moneypenny.reachConsent(client)
      expect(refused.text).toContain('said no to Field Notes on 15 January 2026')
      await ask(refused, 'really needed')
      expect((await requests()).data).toMatchObject([{ reason: 'really needed', decision: null }])
    })

    it.each([
      ['allowed', 200],
      ['refused', 403],
    ] as const)('%s for everyone is a decision on the app', async (decision, status) => {
      await ask(await moneypenny.reachConsent(client, asMoneypenny))
      await answer(decision, { for_all: true })
      expect((await person.reachConsent(client, { company: MI6 })).status).toBe(status)
    })

    it('an administrator of the company need not ask', async () => {
      expect(await person.code(client, { company: MI6 })).toMatch(/^tny_ac_1_/)
      await setMember(provider.runtime, MI6, BOND, { isAdmin: false })
      expect((await person.reachConsent(client, { company: MI6 })).status).toBe(403)
    })

    it('[OA-11] only a form of ours asks, for what the page showed', async () => {
      const page = await moneypenny.reachConsent(client, asMoneypenny)
      expect((await moneypenny.submit(page, { reason: 'x', form_token: 'x' })).status).toBe(403)
      await moneypenny.submit(page, { reason: 'x', ticket: '1.2.x' })
      await moneypenny.submit(page, { reason: 'x', ticket: '' })
      expect((await requests()).data).toEqual([])
      const others = provider.person()
      await others.signIn()
      expect((await others.submit(page, { reason: 'x' })).status).toBe(403)
    })

    it('a member who asks many times at once has asked once', async () => {
      const page = await moneypenny.reachConsent(client, asMoneypenny)
      const answers = await Promise.all([1, 2, 3, 4].map(each => moneypenny.submit(page, { reason: `reason ${each}` })))
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403])
      expect((await requests()).data).toHaveLength(1)
    })

    it('requests of a member who left are gone, and so are those for an app that was deleted', async () => {
      await ask(await moneypenny.reachConsent(client, asMoneypenny))
      await decide('blocked', UNIVERSAL_EXPORTS)
      await deleteApp(provider.runtime, client.id)
      expect((await requests()).data).toEqual([])
      // Another app that gets its client id later is not judged by it.
      await createApp(provider.runtime, {
        clientId: client.id,
        name: 'Another',
        redirectUris: ['https://app.example/callback'],
      })
      await setCompanyPolicy(provider.runtime, MI6, { default: 'allow' })
      expect((await person.reachConsent(client, { company: UNIVERSAL_EXPORTS })).status).toBe(200)
      await setCompanyPolicy(provider.runtime, MI6, { default: 'ask' })
      await ask(await moneypenny.reachConsent(client, asMoneypenny))
      await admin('DELETE', `/companies/${MI6}/members/${MONEYPENNY}`)
      expect((await requests()).data).toEqual([])
    })
  })

  describe('a scope that is blocked', () => {
    const block = (...blockedScopes: string[]) => setCompanyPolicy(provider.runtime, MI6, { blockedScopes })

    it('a scope that is blocked is not asked for, nor granted, and the rest is', async () => {
      await block('users:read')
      const page = await moneypenny.reachConsent(client, asMoneypenny)
      expect(page.text).not.toContain('See the people of this company')
      const answer = answerOf(await moneypenny.submit(page, { decision: 'allow' }))
      expect((await client.tokens(answer.searchParams.get('code')!)).scope).toBe('base')
      expect(await silently()).toBeNull()
    })

    it('[OA-32] a scope that is blocked is refused for tokens that are out, at the next request, and told as it is', async () => {
      const tokens = await client.tokens(await moneypenny.code(client, asMoneypenny))
      const users = () => provider.fetch('/users', { headers: { Authorization: `Bearer ${tokens.access_token}` } })
      expect((await users()).status).toBe(200)
      await block('users:read')
      expect((await users()).status).toBe(403)
      expect((await client.me(tokens.access_token)).status).toBe(200)
      expect(await (await client.introspect(tokens.access_token)).json()).toMatchObject({ scope: 'base' })
      expect((await client.refreshed(tokens.refresh_token)).scope).toBe('base')
      await block()
      expect((await users()).status).toBe(200)
    })

    it('a scope is blocked for resource servers as well', async () => {
      const identifier = 'https://notes.example'
      const scopes = { 'notes:read': { en: 'Read' }, 'notes:write': { en: 'Write' } }
      await createResourceServer(provider.runtime, { name: 'Notes', identifier, scopes })
      await setApp(provider.runtime, client.id, { scopes: ['notes:read', 'notes:write'] })
      await block('notes:write')
      const code = await moneypenny.code(client, asMoneypenny, { resource: identifier })
      expect((await client.tokens(code)).scope).toBe('notes:read')
    })

    it('an app that may have none of its scopes is told so', async () => {
      await block('base', 'users:read')
      const start = await moneypenny.open(client.authorizePath())
      const signedIn = await moneypenny.submit(start, { email: MONEYPENNY_EMAIL, password: PASSWORD })
      const answer = answerOf(await moneypenny.request(signedIn.headers.get('Location')!))
      expect(answer.searchParams.get('error')).toBe('access_denied')
    })
  })

  describe('over the admin API', () => {
    it('a policy is read and changed, and what makes no sense is refused', async () => {
      const path = `/companies/${MI6}/app-policy`
      expect((await admin('GET', path)).body).toEqual({
        default: 'allow',
        blocked_scopes: [],
        blocked_hosts: [],
        developers: 'none',
      })
      const changed = await admin('PATCH', path, { default: 'verified', blocked_hosts: ['Agent.Example'] })
      expect(changed.body).toEqual({
        default: 'verified',
        blocked_scopes: [],
        blocked_hosts: ['agent.example'],
        developers: 'none',
      })
      expect((await admin('PATCH', path, { developers: 'admins' })).body).toMatchObject({ developers: 'admins' })
      for (const wrong of [
        { default: 'none' },
        { blocked_scopes: ['a b'] },
        { blocked_hosts: ['a b'] },
        { developers: 'all' },
        { x: 1 },
      ]) {
        expect((await admin('PATCH', path, wrong)).status).toBe(400)
      }
      expect((await admin('GET', '/companies/99/app-policy')).status).toBe(404)
    })

    it('a decision says how many people it touches, who made it and when, and is taken back', async () => {
      await person.code(client, { company: MI6 })
      await moneypenny.code(client, asMoneypenny)
      const path = `/companies/${MI6}/app-policies/${client.id}`
      expect((await admin('GET', path)).body).toMatchObject({ decision: null, people: 2 })
      const { body } = await admin('PUT', path, { decision: 'blocked' })
      expect(body).toMatchObject({ decision: 'blocked', people: 2, decided_at: '2026-01-15T12:00:00.000Z' })
      expect(body.decided_by).toMatch(/^admin_key /)
      expect((await admin('DELETE', path)).status).toBe(204)
      expect((await admin('GET', path)).body).toMatchObject({ decision: null, decided_by: null })
      expect((await admin('PUT', path, { decision: 'maybe' })).status).toBe(400)
      expect((await admin('PUT', `/companies/${MI6}/app-policies/unknown`, { decision: 'blocked' })).status).toBe(404)
      const { body: events } = await admin('GET', `/audit-events?company_id=${MI6}&client_id=${client.id}`)
      const made = events.data.filter(({ action }: { action: string }) => action === 'app_policy.changed')
      expect(made.map(({ facts }: { facts: object }) => facts)).toContainEqual({ decision: 'blocked', before: null })
    })

    it('all installations of an app at a company are ended at once', async () => {
      const tokens = await client.tokens(await moneypenny.code(client, asMoneypenny))
      await person.code(client, { company: MI6 })
      const elsewhere = await client.tokens(await person.code(client, { company: UNIVERSAL_EXPORTS }))
      const ended = await admin('DELETE', `/companies/${MI6}/installations/${client.id}`)
      expect(ended.body).toEqual({ company_id: MI6, client_id: client.id, installations: 2 })
      expect((await client.me(tokens.access_token)).status).toBe(401)
      expect((await client.me(elsewhere.access_token)).status).toBe(200)
    })

    it('a key of one company decides for that one alone', async () => {
      const { call } = await adminWith({ scopes: ['companies:write'], companyId: MI6 })
      expect((await call('PUT', `/companies/${MI6}/app-policies/${client.id}`, { decision: 'ask' })).status).toBe(200)
      const other = await call('PUT', `/companies/${UNIVERSAL_EXPORTS}/app-policies/${client.id}`, { decision: 'ask' })
      expect(other.status).toBe(403)
    })

    it('more apps than a list should hold are not blocked one by one', async () => {
      const row = { blocked_apps: Array.from({ length: 200 }, (_, each) => `app-${each}`).join(' ') }
      await provider.runtime.store.db.updateTable('companies').set(row).where('company_id', '=', MI6).execute()
      const refused = await admin('PUT', `/companies/${MI6}/app-policies/${client.id}`, { decision: 'blocked' })
      expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining('Set its default to listed')])
    })
  })

  async function newUser(email: string): Promise<number> {
    const { user_id } = await createUser(provider.runtime, { email, name: 'Q' })
    await setPassword(provider.runtime, user_id, PASSWORD)
    return user_id
  }
})
