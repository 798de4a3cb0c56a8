import { addMember, createApp, createCompany, createUser, type Tenantry } from '../packages/server/src/index.ts'
import { putInstallation } from '../packages/server/src/store/queries/installations.ts'
import { issueFirstTokens } from '../packages/server/src/tokens/issue.ts'

/** A user at a company who has installed an app, and the access token that it gave. */
export async function makeToken({ runtime }: Tenantry): Promise<string> {
  await createCompany(runtime, { companyId: 1, name: 'MI6', domain: 'mi6' })
  await createUser(runtime, { userId: 7, email: 'james.bond@mi6.example', name: 'James Bond' })
  await addMember(runtime, { companyId: 1, userId: 7 })
  await createApp(runtime, { clientId: 'bench', name: 'Bench', redirectUris: ['https://bench.example/callback'] })
  const key = { company_id: 1, user_id: 7, client_id: 'bench' }
  const now = runtime.clock()
  const { tokens, statements } = issueFirstTokens(runtime, { ...key, family_id: 'bench' }, ['base'])
  const installation = putInstallation(
    runtime.store,
    { ...key, scopes: 'base', created_at: now, updated_at: now },
    undefined,
  )
  await runtime.store.write([installation, ...statements])
  return tokens.accessToken
}
