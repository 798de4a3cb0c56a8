import { describe, expect, it } from 'vitest'
import { BOND, MI6, MONEYPENNY, UNIVERSAL_EXPORTS } from '../../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../../tests/support/provider-of-test.ts'
import { hashSecret } from '../../tokens/token-text.ts'
import { type Store, WriteConflict } from '../store.ts'
import { findAppPolicy } from './app-policies.ts'
import { findAppStanding } from './app-standing.ts'
import { findCompany } from './companies.ts'
import { findCompanyInstallation } from './company-installations.ts'
import { findInstallation, putInstallation } from './installations.ts'
import { listMembershipsOfUser } from './memberships.ts'
import { findSessionWithUser } from './sessions.ts'

describe('queries that read several tables at once', () => {
  useProvider()

  /** The same database as a cluster's, where rows of a person and of a company are on different machines. */
  const asOnCluster = (store: Store): Store =>
    new Proxy(store, {
      get(target, name) {
        if (name === 'isDistributed') return true
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })

  it('a person’s memberships and session are found alike on one machine and on a cluster', async () => {
    await person.signIn()
    const sessionHash = hashSecret(person.cookies.get('tenantry_session')!)
    const { store } = provider.runtime
    const cluster = asOnCluster(store)
    const memberships = await listMembershipsOfUser(store, BOND)
    expect(memberships.map(({ company_id }) => company_id)).toEqual([MI6, UNIVERSAL_EXPORTS])
    expect(await listMembershipsOfUser(cluster, BOND)).toEqual(memberships)
    expect(await listMembershipsOfUser(store, 4711)).toEqual([])
    const found = await findSessionWithUser(store, sessionHash)
    expect([found?.user.user_id, found?.session.user_id]).toEqual([BOND, BOND])
    expect(await findSessionWithUser(cluster, sessionHash)).toEqual(found)
    for (const each of [store, cluster]) expect(await findSessionWithUser(each, hashSecret('x'))).toBeUndefined()
  })

  it('what a company and its member have of an app is what the single tables have', async () => {
    const { store } = provider.runtime
    const key = (user_id: number, company_id: number) => ({ company_id, user_id, client_id: client.id })
    await person.code(client, { company: MI6 })
    for (const each of [key(BOND, MI6), key(MONEYPENNY, MI6), key(BOND, UNIVERSAL_EXPORTS)]) {
      expect(await findAppStanding(store, each)).toEqual({
        company: await findCompany(store, each.company_id),
        decision: await findAppPolicy(store, each),
        installation: await findCompanyInstallation(store, each),
        own: await findInstallation(store, each),
      })
    }
    expect((await findAppStanding(store, key(BOND, MI6)))?.own?.scopes).toBe('base users:read')
    expect(await findAppStanding(store, key(BOND, 4711))).toBeUndefined()
  })

  it('an installation is changed only while its kind is as it was read', async () => {
    const { store } = provider.runtime
    await person.code(client, { company: MI6 })
    const own = (await findInstallation(store, { company_id: MI6, user_id: BOND, client_id: client.id }))!
    expect(own.kind).toBe('user')
    const asRead = { ...own, kind: 'member' as const }
    await expect(store.write([putInstallation(store, own, asRead)])).rejects.toThrow(WriteConflict)
    await store.write([putInstallation(store, own, own)])
  })
})
