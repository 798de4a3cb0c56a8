import { setMember } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { beforeWrite } from '../../../../tests/support/before-write.ts'
import { BOND, MI6, startProvider, type TestProvider } from '../../../../tests/support/provider.ts'
import { NotFoundError } from '../companies/input.ts'
import { askForApp } from './app-requests.ts'

describe('asking for an app', () => {
  let provider: TestProvider
  beforeEach(async () => {
    provider = await startProvider()
  })
  afterEach(() => provider.close())

  it('a member who is none any more in the commit asks for nothing, and reads so at once', async () => {
    const { runtime } = provider
    const app = await provider.registerApp({ name: 'Asked for' })
    const key = { company_id: MI6, user_id: BOND, client_id: app.id }
    const ran = beforeWrite(runtime, /^select "m"\."user_id"/, () => setMember(runtime, MI6, BOND, { active: false }))
    const asked = askForApp(runtime, key, { scopes: ['base'], reason: '' })
    await expect(asked).rejects.toBeInstanceOf(NotFoundError)
    expect(ran()).toBe(true)
    expect(await runtime.store.db.selectFrom('app_requests').selectAll().execute()).toEqual([])
  })
})
