import { deleteCompany } from 'tenantry'
import { describe, expect, it } from 'vitest'
import { DAY, MI6, UNIVERSAL_EXPORTS } from '../../../../tests/support/provider.ts'
import { client, person, provider, useProvider } from '../../../../tests/support/provider-of-test.ts'
import { listAppUses } from '../store/queries/app-uses.ts'
import { StoreUnavailable } from '../store/store.ts'
import { countUse, writeUses } from './app-uses.ts'

describe('uses of an app', () => {
  useProvider()
  const uses = async (company_id = MI6) =>
    (await listAppUses(provider.runtime.store, { company_id, client_id: client.id, day: 0 })).map(
      ({ tokens, sign_ins }) => [tokens, sign_ins],
    )

  it('requests for tokens and sign-ins are counted by day, at the company that they are for', async () => {
    const tokens = await client.tokens(await person.code(client, { company: MI6 }))
    await client.refreshed(tokens.refresh_token)
    await client.exchange('wrong')
    await writeUses(provider.runtime)
    expect(await uses()).toEqual([[2, 1]])
    await person.code(client, { company: MI6 })
    await writeUses(provider.runtime)
    expect(await uses()).toEqual([[2, 2]])
    provider.pass(DAY)
    await person.code(client, { company: MI6 })
    await writeUses(provider.runtime)
    expect(await uses()).toEqual([
      [2, 2],
      [0, 1],
    ])
    expect(await uses(UNIVERSAL_EXPORTS)).toEqual([])
  })

  it('an administrator sees them as a picture and as numbers, which is no larger for more use', async () => {
    await person.signIn()
    expect((await person.open(`/company/${MI6}/apps/${client.id}`)).document.querySelector('svg')).toBeNull()
    for (let index = 0; index < 3; index++) countUse(provider.runtime, MI6, client.id, 'tokens')
    await writeUses(provider.runtime)
    const few = await person.open(`/company/${MI6}/apps/${client.id}`)
    expect(few.document.querySelector('svg')!.getAttribute('aria-label')).toContain('3 requests for tokens')
    for (let index = 0; index < 5000; index++) countUse(provider.runtime, MI6, client.id, 'tokens')
    await writeUses(provider.runtime)
    const many = await person.open(`/company/${MI6}/apps/${client.id}`)
    expect(many.text).toContain('5003')
    expect(many.html.length).toBeLessThan(few.html.length + 100)
    // Nothing in the picture is a style of its own: the policy of the pages forbids that.
    expect(many.html).not.toContain('style=')
  })

  it('what could not be written is written later, and a company that is gone holds up no other', async () => {
    const { runtime } = provider
    const { store } = runtime
    countUse(runtime, MI6, client.id, 'tokens')
    countUse(runtime, UNIVERSAL_EXPORTS, client.id, 'tokens')
    const write = store.write.bind(store)
    store.write = async () => {
      throw new StoreUnavailable('stopped by the test')
    }
    await expect(writeUses(runtime)).rejects.toThrow('stopped')
    store.write = write
    await deleteCompany(runtime, UNIVERSAL_EXPORTS)
    countUse(runtime, MI6, client.id, 'tokens')
    await writeUses(runtime)
    expect(await uses()).toEqual([[2, 0]])
  })
})
