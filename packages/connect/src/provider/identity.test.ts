import { memoryStore, useAccount } from '@tenantry/connect'
import { setMember } from 'tenantry'
import { describe, expect, it } from 'vitest'
import {
  AT_EXPORTS,
  AT_MI6,
  BOND,
  createTestApp,
  MONEYPENNY,
  MONEYPENNY_AT_MI6,
} from '../../../../tests/support/kit.ts'
import { app, provider, useKit } from '../../../../tests/support/kit-of-test.ts'

const BOND_AT_MI6 = { ...BOND, company: 1 }

useKit()

describe('identity that is not proved', () => {
  it('a victim’s e-mail set at an attacker’s company does not open the victim’s account', async () => {
    await provider.install(app.connect, BOND_AT_MI6)
    await setMember(provider.tenantry.runtime, 1, 779, { email: 'james.bond@mi6.example', name: 'James Bond' })
    await provider.install(app.connect, { ...MONEYPENNY, company: 1 })
    expect((await app.connect.links.find(MONEYPENNY_AT_MI6))?.accountId).toBe('account-2')
    expect((await app.connect.links.ofAccount('account-1')).map(link => link.userId)).toEqual([777])
  })

  it('an app that looks accounts up by e-mail still cannot link by e-mail', async () => {
    await provider.install(app.connect, BOND_AT_MI6)
    const store = memoryStore()
    const careless = createTestApp(provider, { store, onInstall: () => useAccount('account-with-that-e-mail') })
    const answer = await provider.install(careless.connect, BOND_AT_MI6)
    expect(answer.status).toBe(403)
    expect(await careless.connect.links.find(AT_MI6)).toBeUndefined()
    expect(String(careless.reported.errors[0])).toMatch(/no proof/)
  })

  it('treats the same user id at another company as another identity', async () => {
    await provider.install(app.connect, BOND_AT_MI6)
    await provider.install(app.connect, { ...BOND, company: 2 })
    expect((await app.connect.links.find(AT_EXPORTS))?.accountId).not.toBe('account-1')
  })

  it('an e-mail that was given to the next employee opens no account of the one before', async () => {
    await provider.install(app.connect, BOND_AT_MI6)
    const { runtime } = provider.tenantry
    await setMember(runtime, 1, 777, { email: 'retired@mi6.example' })
    await setMember(runtime, 1, 779, { email: 'james.bond@mi6.example' })
    await provider.install(app.connect, { ...MONEYPENNY, company: 1 })
    expect(app.accounts.map(({ email }) => email)).toEqual(['james.bond@mi6.example', 'james.bond@mi6.example'])
    expect((await app.connect.links.find(MONEYPENNY_AT_MI6))?.accountId).toBe('account-2')
  })

  it.each([
    ['text for the user id', { id: '777' }],
    ['text for the company id', { company_id: '1' }],
    ['no company', { company_id: undefined }],
    ['no user', { id: null }],
    ['2^53+1, which is not itself in JavaScript', { id: 2 ** 53 + 1 }],
    ['a fraction', { company_id: 1.5 }],
    ['zero', { id: 0 }],
    ['a negative number', { company_id: -1 }],
    ['a list', { id: [777] }],
  ])('an answer with %s is refused', async (_, wrong) => {
    provider.faults.next('users_me', {
      kind: 'forged',
      forge: body => ({ ...body, data: { ...(body.data as object), ...wrong } }),
    })
    const answer = await provider.install(app.connect, BOND_AT_MI6)
    expect(answer.status).toBe(502)
    expect(app.accounts).toEqual([])
    expect(app.reported.errors[0]).toMatchObject({ code: 'answer_invalid' })
  })

  it.each([[null], [[]], ['text'], [{}], [{ data: null }], [{ data: [] }]])('the answer %j is refused', async body => {
    provider.faults.next('users_me', { kind: 'forged', forge: () => body })
    expect((await provider.install(app.connect, BOND_AT_MI6)).status).toBe(502)
    expect(app.accounts).toEqual([])
  })
})
