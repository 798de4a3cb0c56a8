import {
  addMember,
  createUser,
  deleteUser,
  removeInstallation,
  setActive,
  setMember,
  setPassword,
  setSuspended,
} from 'tenantry'
import { describe, expect, it } from 'vitest'
import { deleteSessionsOfUser, setSessionCompany } from '../packages/server/src/store/queries/sessions.ts'
import { beforeWrite } from './support/before-write.ts'
import type { TokenAnswer } from './support/client.ts'
import { answerOf } from './support/person.ts'
import { BOND, MI6, MONEYPENNY, UNIVERSAL_EXPORTS } from './support/provider.ts'
import { client, person, provider, useProvider } from './support/provider-of-test.ts'

/** What a handler checked is a condition of the write that follows: a change between the two is noticed. */
describe('what was checked still holds in the commit', () => {
  useProvider()

  const SESSION = /insert into "sessions"/i
  const CODE = /insert into "authorization_codes"/i
  const TOKENS = /insert into "refresh_tokens"/i
  const meanwhile = (matches: RegExp, action: () => Promise<unknown>) => beforeWrite(provider.runtime, matches, action)
  const rows = (table: 'sessions' | 'installations' | 'authorization_codes' | 'access_tokens' | 'memberships') =>
    provider.runtime.store.db.selectFrom(table).selectAll().execute()

  it.each([
    ['the password is changed', () => setPassword(provider.runtime, BOND, 'another password')],
    ['the user is deactivated', () => setActive(provider.runtime, BOND, false)],
    ['the user is deleted', () => deleteUser(provider.runtime, BOND)],
  ])('[OA-44] a sign-in starts no session when %s meanwhile', async (_, change) => {
    const hasRun = meanwhile(SESSION, change)
    expect((await person.signIn()).status).toBe(422)
    expect(hasRun()).toBe(true)
    expect(await rows('sessions')).toEqual([])
  })

  it.each([
    [
      'another tab shows another company',
      () => {
        const { store } = provider.runtime
        return rows('sessions').then(([session]) =>
          store.write([
            setSessionCompany(store, (session as { session_hash: Uint8Array }).session_hash, UNIVERSAL_EXPORTS),
          ]),
        )
      },
    ],
    ['the membership is deactivated', () => setMember(provider.runtime, MI6, BOND, { active: false })],
    ['the company is suspended', () => setSuspended(provider.runtime, MI6, true)],
    [
      'the user is signed out',
      () => provider.runtime.store.write([deleteSessionsOfUser(provider.runtime.store, BOND)]),
    ],
  ])('[OA-12] [OA-17] a consent grants nothing when %s meanwhile', async (_, change) => {
    const page = await person.reachConsent(client, { company: MI6 })
    const hasRun = meanwhile(CODE, change)
    const answer = await person.submit(page, { decision: 'allow' })
    expect(hasRun()).toBe(true)
    expect(answer.headers.get('Location') ?? '').not.toContain('code=')
    expect(await rows('installations')).toEqual([])
    expect(await rows('authorization_codes')).toEqual([])
  })

  it('[OA-17] two consents at once for different scopes install both', async () => {
    const page = await person.reachConsent(client, { company: MI6 }, { scope: 'base' })
    const other = provider.person()
    const otherPage = await other.reachConsent(client, { company: MI6 }, { scope: 'users:read' })
    meanwhile(CODE, async () => other.submit(otherPage, { decision: 'allow' }))
    expect(answerOf(await person.submit(page, { decision: 'allow' })).searchParams.get('code')).toBeTruthy()
    expect((await rows('installations')).map(row => (row as { scopes: string }).scopes)).toEqual(['users:read base'])
  })

  it('[OA-17] prompt=none does not bring back an app that is removed meanwhile', async () => {
    await person.code(client, { company: MI6 })
    const key = { company_id: MI6, user_id: BOND, client_id: client.id }
    const hasRun = meanwhile(CODE, () => removeInstallation(provider.runtime, key))
    const answer = answerOf(await person.request(client.authorizePath({ prompt: 'none', company_id: String(MI6) })))
    expect(hasRun()).toBe(true)
    expect(answer.searchParams.get('error')).toBe('consent_required')
    expect(await rows('installations')).toEqual([])
  })

  it.each([
    ['the membership is deactivated', () => setMember(provider.runtime, MI6, BOND, { active: false })],
    ['the company is suspended', () => setSuspended(provider.runtime, MI6, true)],
  ])('prompt=none gives no code when %s meanwhile', async (_, change) => {
    await person.code(client, { company: MI6 })
    meanwhile(CODE, change)
    const answer = answerOf(await person.request(client.authorizePath({ prompt: 'none', company_id: String(MI6) })))
    expect(answer.searchParams.get('error')).toBe('interaction_required')
  })

  it.each([
    ['the membership is deactivated', () => setMember(provider.runtime, MI6, BOND, { active: false })],
    ['the user is deactivated', () => setActive(provider.runtime, BOND, false)],
    ['the company is suspended', () => setSuspended(provider.runtime, MI6, true)],
  ])('neither a code nor a refresh token gives tokens when %s meanwhile', async (_, change) => {
    const code = await person.code(client, { company: MI6 })
    const hasRun = meanwhile(TOKENS, change)
    const answer = await client.exchange(code)
    expect([hasRun(), answer.status]).toEqual([true, 400])
    expect(((await answer.json()) as TokenAnswer).error).toBe('invalid_grant')
    expect(await rows('access_tokens')).toEqual([])
  })

  it('a refresh gives nothing when the membership is deactivated meanwhile', async () => {
    const tokens = await client.tokens(await person.code(client, { company: MI6 }))
    const hasRun = meanwhile(TOKENS, () => setMember(provider.runtime, MI6, BOND, { active: false }))
    expect((await client.refresh(tokens.refresh_token)).status).toBe(400)
    expect(hasRun()).toBe(true)
    expect(await rows('access_tokens')).toHaveLength(1)
  })

  it.each([
    ['deactivated', (userId: number) => setActive(provider.runtime, userId, false)],
    ['deleted', (userId: number) => deleteUser(provider.runtime, userId)],
  ])('[OA-35] a membership that is added while its user is %s does not survive it', async (_, end) => {
    const { user_id } = await createUser(provider.runtime, { email: 'q@mi6.example', name: 'Q' })
    const hasRun = meanwhile(/update "users"/i, () => addMember(provider.runtime, { companyId: MI6, userId: user_id }))
    await end(user_id)
    expect(hasRun()).toBe(true)
    const active = (await rows('memberships')).filter(row => {
      const membership = row as { user_id: number; user_active: number }
      return membership.user_id === user_id && membership.user_active === 1
    })
    expect(active).toEqual([])
  })

  it('[OA-11] signing out takes the form’s token', async () => {
    await person.signIn()
    const forged = await person.request('/sign-out', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'form_token=forged',
    })
    expect(forged.status).toBe(403)
    expect(await rows('sessions')).toHaveLength(1)
    expect((await person.open('/connected-apps')).status).toBe(200)
  })

  it('sixteen first consents of two people at once install the app once for each', async () => {
    const eve = provider.person()
    const [mine, hers] = [
      await person.reachConsent(client, { company: MI6 }),
      await eve.reachConsent(client, { email: 'eve.moneypenny@mi6.example' }),
    ]
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        index % 2 ? person.submit(mine, { decision: 'allow' }) : eve.submit(hers, { decision: 'allow' }),
      ),
    )
    for (const answer of answers) expect(answer.status).toBeLessThan(500)
    const installed = (await rows('installations')) as { user_id: number }[]
    expect(installed.map(({ user_id }) => user_id).sort()).toEqual([BOND, MONEYPENNY])
  })
})
