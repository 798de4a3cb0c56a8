import {
  addMember,
  createApp,
  createCompany,
  createTenantry,
  createUser,
  type NewApp,
  type Runtime,
  type Tenantry,
  type TenantryOptions,
} from 'tenantry'
import { hashPassword } from '../../packages/server/src/sign-in/password.ts'
import { setPasswordHash } from '../../packages/server/src/store/queries/users.ts'
import { Client } from './client.ts'
import { Person } from './person.ts'
import { postgresUrl } from './postgres.ts'
import { makePreparedSchema } from './postgres-schema.ts'
import { watchPlans } from './watch-plans.ts'
import { watchStatements } from './watch-statements.ts'

export const ORIGIN = 'http://localhost:4040'
export const SECRET = 'a secret of the tests that is long enough'
export const PASSWORD = 'shaken-not-stirred'
export const CALLBACK = 'https://app.example/callback'
export const BOND = 777
export const BOND_EMAIL = 'james.bond@mi6.example'
export const MONEYPENNY = 779
export const MONEYPENNY_EMAIL = 'eve.moneypenny@mi6.example'
export const MI6 = 1
export const UNIVERSAL_EXPORTS = 2

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** Whether this run is about PostgreSQL; where there is none, it is about the embedded database once more. */
export const onPostgres = process.env.TENANTRY_TEST_ENGINE === 'postgres' && postgresUrl !== undefined

/** A provider in memory whose time stands still until it is moved, with Bond at two companies and Moneypenny at one. */
export interface TestProvider {
  tenantry: Tenantry
  runtime: Runtime
  /** Moves the time on, in milliseconds. */
  pass(milliseconds: number): void
  now(): number
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** A new browser without a session, and the address it comes from. */
  person(address?: string): Person
  registerApp(app?: Partial<NewApp>): Promise<Client>
  close(): Promise<void>
}

if (onPostgres) watchStatements()
else watchPlans()

let passwordHash: Promise<string> | undefined

export async function startProvider(options: Partial<TenantryOptions> = {}): Promise<TestProvider> {
  let now = Date.UTC(2026, 0, 15, 12)
  const schema = onPostgres && !options.store ? await makePreparedSchema() : undefined
  const tenantry = createTenantry({
    store: schema ? { url: schema.url, connections: 4 } : { path: ':memory:' },
    secrets: [SECRET],
    origin: ORIGIN,
    localCallbacks: true,
    clock: () => now,
    ...options,
  })
  await tenantry.ready
  const { runtime } = tenantry
  await seed(runtime)
  const fetch = (path: string, init?: RequestInit) => tenantry.fetch(new Request(new URL(path, ORIGIN), init))
  return {
    tenantry,
    runtime,
    fetch,
    now: () => now,
    pass: milliseconds => {
      now += milliseconds
    },
    person: address => {
      const env = address === undefined ? {} : { incoming: { socket: { remoteAddress: address } } }
      return new Person((path, init) => tenantry.fetch(new Request(new URL(path, ORIGIN), init), env))
    },
    async registerApp(app = {}) {
      const { app: registered, clientSecret } = await createApp(runtime, {
        name: 'Field Notes',
        maker: 'Field Notes Ltd',
        redirectUris: [CALLBACK],
        scopes: ['base', 'users:read'],
        ...app,
      })
      return new Client(fetch, registered.clientId, clientSecret, registered.redirectUris[0]!)
    },
    async close() {
      await tenantry.close()
      await schema?.remove()
    },
  }
}

async function seed(runtime: Runtime) {
  passwordHash ??= hashPassword(PASSWORD)
  await createCompany(runtime, {
    companyId: MI6,
    name: 'MI6',
    domain: 'casinoroyale',
    country: 'EE',
    industry: 'Software, App Development',
  })
  await createCompany(runtime, { companyId: UNIVERSAL_EXPORTS, name: 'Universal Exports', domain: 'universal-exports' })
  await createUser(runtime, { userId: BOND, email: BOND_EMAIL, name: 'James Bond', timezone: 'Europe/Helsinki' })
  await createUser(runtime, { userId: MONEYPENNY, email: MONEYPENNY_EMAIL, name: 'Eve Moneypenny', locale: 'en_GB' })
  for (const userId of [BOND, MONEYPENNY]) {
    await runtime.store.write([setPasswordHash(runtime.store, userId, await passwordHash, runtime.clock())])
  }
  await addMember(runtime, { companyId: MI6, userId: BOND, isAdmin: true })
  await addMember(runtime, {
    companyId: UNIVERSAL_EXPORTS,
    userId: BOND,
    email: 'j.bond@universal-exports.example',
    locale: 'en_GB',
    roleId: 3,
  })
  await addMember(runtime, { companyId: MI6, userId: MONEYPENNY })
}
