import { setCompanyPolicy } from '../apps/app-policies.ts'
import { createApp, findRegisteredApp, setApp } from '../apps/apps.ts'
import { matchesRedirectUri, redirectUriMistake } from '../apps/redirect-uri.ts'
import { createCompany } from '../companies/companies.ts'
import { InputError } from '../companies/input.ts'
import { addMember } from '../companies/memberships.ts'
import { addOperator } from '../companies/operators.ts'
import { createUser } from '../companies/users.ts'
import type { Runtime } from '../config/runtime.ts'
import { hashPassword } from '../sign-in/password.ts'
import { findApp } from '../store/queries/apps.ts'
import { findCompany } from '../store/queries/companies.ts'
import { findMembership } from '../store/queries/memberships.ts'
import { findSetting, putSetting } from '../store/queries/settings.ts'
import { findUser, setPasswordHash } from '../store/queries/users.ts'
import { sandboxIcon } from './icon.ts'
import { type SandboxUser, sandboxCompanies, sandboxPassword, sandboxUsers } from './people.ts'

export const SANDBOX_CLIENT_ID = 'sandbox-app'

/** Of every sandbox on PostgreSQL that was not given one: its passwords are known anyway, and `serve` refuses it. */
export const SANDBOX_SECRET = 'the secret of every sandbox, known to everybody'

const SETTING = 'sandbox'

/** Whether a database holds the sandbox: all of it, or half of it after an interrupted start. Other databases are `foreign`. */
export async function sandboxState(store: Runtime['store']): Promise<'ready' | 'half' | 'empty' | 'foreign'> {
  // In this order: another node that seeds meanwhile writes the setting before anything else.
  const anything = await store.db.selectFrom('counters').select('name').limit(1).executeTakeFirst()
  const setting = await findSetting(store, SETTING)
  if (setting !== undefined) return setting === 'ready' ? 'ready' : 'half'
  return anything ? 'foreign' : 'empty'
}

/**
 * Fills a database with the sandbox's people, companies and app. Existing rows stay: an interrupted start
 * is finished by the next one, and two at once make one sandbox.
 */
export async function seedSandbox(runtime: Runtime): Promise<void> {
  const { store } = runtime
  await store.write([putSetting(store, SETTING, 'half')])
  for (const company of sandboxCompanies) {
    await unlessThere(
      () => findCompany(store, company.companyId!),
      () => createCompany(runtime, company),
    )
  }
  // One hash for all: they have the same password, and it is printed anyway.
  const passwordHash = await hashPassword(sandboxPassword)
  for (const user of sandboxUsers) await seedUser(runtime, user, passwordHash)
  await unlessThere(
    () => findApp(store, SANDBOX_CLIENT_ID),
    () =>
      createApp(runtime, {
        clientId: SANDBOX_CLIENT_ID,
        name: 'Sandbox App',
        maker: 'Tenantry',
        icon: sandboxIcon,
        redirectUris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
        scopes: ['base', 'users:read'],
        keepSecret: true,
      }),
  )
  await seedRoles(runtime)
  await store.write([putSetting(store, SETTING, 'ready')])
}

/** M, who runs the platform of the sandbox. */
export const SANDBOX_OPERATOR = 778

/** The company whose members may register apps. */
const DEVELOPERS_AT = 1

/**
 * Makes M an operator and lets MI6 develop apps, once: a sandbox may be from a version without, and what was taken back stays so.
 */
export async function seedRoles(runtime: Runtime): Promise<void> {
  await once(runtime, 'sandbox.operator', async () => {
    const user = await findUser(runtime.store, SANDBOX_OPERATOR)
    if (user && user.deleted_at === null) await addOperator(runtime, SANDBOX_OPERATOR)
  })
  await once(runtime, 'sandbox.developers', async () => {
    if (await findCompany(runtime.store, DEVELOPERS_AT)) {
      await setCompanyPolicy(runtime, DEVELOPERS_AT, { developers: 'members' })
    }
  })
}

/** Does something in the first start that knows of it. */
async function once(runtime: Runtime, setting: string, action: () => Promise<void>): Promise<void> {
  const { store } = runtime
  if ((await findSetting(store, setting)) !== undefined) return
  await action()
  await store.write([putSetting(store, setting, 'ready')])
}

async function seedUser(runtime: Runtime, { at, ...user }: SandboxUser, passwordHash: string) {
  const { store } = runtime
  const { userId } = user
  await unlessThere(
    () => findUser(store, userId),
    () => createUser(runtime, user),
  )
  const row = await findUser(store, userId)
  if (row?.password_hash === null) {
    await store.write([setPasswordHash(store, userId, passwordHash, row.created_at)])
  }
  for (const [company, profile] of Object.entries(at)) {
    const companyId = Number(company)
    await unlessThere(
      () => findMembership(store, companyId, userId),
      () => addMember(runtime, { companyId, userId, ...profile }),
    )
  }
}

async function unlessThere(find: () => Promise<unknown>, make: () => Promise<unknown>) {
  if (await find()) return
  try {
    await make()
  } catch (error) {
    // Another start was faster.
    if (!(error instanceof InputError) || !(await find())) throw error
  }
}

/** Registers the sandbox's own callback where it is reached at an address that the app does not have yet. */
export async function letInstall(runtime: Runtime): Promise<void> {
  const app = await findRegisteredApp(runtime, SANDBOX_CLIENT_ID)
  const callback = `${runtime.settings.origin}/callback`
  if (!app || app.redirectUris.some(uri => matchesRedirectUri(uri, callback))) return
  if (redirectUriMistake(callback, { localAllowed: true }) !== undefined) return
  await setApp(runtime, SANDBOX_CLIENT_ID, { redirectUris: [...app.redirectUris, callback] })
}
