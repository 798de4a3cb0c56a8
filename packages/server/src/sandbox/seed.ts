import { createApp } from '../apps/apps.ts'
import { createCompany } from '../companies/companies.ts'
import { addMember } from '../companies/memberships.ts'
import { createUser } from '../companies/users.ts'
import type { Runtime } from '../config/runtime.ts'
import { hashPassword } from '../sign-in/password.ts'
import { findSetting, putSetting } from '../store/queries/settings.ts'
import { setPasswordHash } from '../store/queries/users.ts'
import { sandboxIcon } from './icon.ts'
import { sandboxCompanies, sandboxPassword, sandboxUsers } from './people.ts'

export const SANDBOX_CLIENT_ID = 'sandbox-app'

const SETTING = 'sandbox'

/** Whether a database holds the sandbox: whole, or half after a start that was cut off. Others are somebody's own. */
export async function sandboxState(store: Runtime['store']): Promise<'ready' | 'half' | 'empty' | 'foreign'> {
  const setting = await findSetting(store, SETTING)
  if (setting !== undefined) return setting === 'ready' ? 'ready' : 'half'
  const anything = await store.db.selectFrom('counters').select('name').limit(1).executeTakeFirst()
  return anything ? 'foreign' : 'empty'
}

/** Fills an empty database with the sandbox's people, companies and app. */
export async function seedSandbox(runtime: Runtime): Promise<void> {
  const { store } = runtime
  await store.write([putSetting(store, SETTING, 'half')])
  for (const company of sandboxCompanies) await createCompany(runtime, company)
  // One hash for all: they have the same password, and it is printed anyway.
  const passwordHash = await hashPassword(sandboxPassword)
  for (const { at, ...user } of sandboxUsers) {
    const { user_id, created_at } = await createUser(runtime, user)
    await store.write([setPasswordHash(store, user_id, passwordHash, created_at)])
    for (const [companyId, profile] of Object.entries(at)) {
      await addMember(runtime, { companyId: Number(companyId), userId: user_id, ...profile })
    }
  }
  await createApp(runtime, {
    clientId: SANDBOX_CLIENT_ID,
    name: 'Sandbox App',
    maker: 'Tenantry',
    icon: sandboxIcon,
    redirectUris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
    scopes: ['base', 'users:read'],
    keepSecret: true,
  })
  await store.write([putSetting(store, SETTING, 'ready')])
}
