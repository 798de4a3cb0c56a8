import { expect, it } from 'vitest'
import { BOND, CALLBACK, MI6 } from '../../../../tests/support/provider.ts'
import { provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { registerCompanyApp } from './company-apps.ts'

useProvider(() => ({ companyApps: true }))

const register = (name: string) =>
  registerCompanyApp(provider.runtime, { companyId: MI6, ownerId: BOND }, { name, redirectUris: [CALLBACK] })

it('a company develops 200 apps, however many are registered at the same moment', async () => {
  const { db } = provider.runtime.store
  const count = async () =>
    (await db.selectFrom('apps').select('client_id').where('company_id', '=', MI6).execute()).length
  for (let made = 0; made < 198; made += 11) {
    await Promise.all(Array.from({ length: 11 }, (_, index) => register(`App ${made + index}`)))
  }
  expect(await count()).toBe(198)
  const outcomes = await Promise.allSettled(Array.from({ length: 12 }, (_, index) => register(`Last ${index}`)))
  const refused = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason.message] : []))
  expect(refused).toEqual(Array(10).fill('A company can develop 200 apps.'))
  expect(await count()).toBe(200)
  await expect(register('Later')).rejects.toThrow('A company can develop 200 apps.')
})
