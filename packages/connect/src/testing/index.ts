import {
  addMember,
  createApp,
  createCompany,
  createTenantry,
  createUser,
  type NewApp,
  type NewCompany,
  type NewMembership,
  type NewUser,
  removeInstallation,
  setPassword,
  type Tenantry,
} from 'tenantry'
import type { Connect } from '../connect.ts'
import type { LinkReference } from '../links/links.ts'
import type { ConnectOptions } from '../options.ts'
import type { Fetch } from '../provider/oauth-client.ts'
import { tenantry as tenantryProvider } from '../provider/tenantry.ts'
import { FaultQueue, type Faults } from './faults.ts'
import { type Choice, Person } from './person.ts'
import { uninstallRequest } from './uninstall-request.ts'

export type { Endpoint, Fault, Faults } from './faults.ts'
export { type Choice, Person } from './person.ts'

export interface TestUser extends NewUser {
  userId: number
  /** Where they work: a company's id and what is special about them there. */
  at: Record<number, Partial<Omit<NewMembership, 'companyId' | 'userId'>>>
}

export interface TestProviderOptions {
  /** The app's callback. */
  redirectUri: string
  /** MI6 (1) and Universal Exports (2) unless said. */
  companies?: readonly (NewCompany & { companyId: number })[]
  /** James Bond (777) at both and Eve Moneypenny (779) at MI6 unless said. */
  users?: readonly TestUser[]
  /** Anything else of the app. */
  app?: Partial<NewApp>
  /** Milliseconds since 1970 when it starts; now unless said. */
  now?: number
  /** Where it pretends to be. */
  origin?: string
}

/** What the provider needs of a kit, whatever its ids are. */
type AnyConnect = Pick<Connect, 'handler' | 'startPath'>

/** A whole provider in this process's memory. Its time stands still until the test moves it. */
export interface TestProvider {
  /** For `createConnect`: provider, client id and secret, redirect URI, fetch, clock and wait. */
  options: Required<
    Pick<ConnectOptions, 'provider' | 'clientId' | 'clientSecret' | 'redirectUri' | 'fetch' | 'clock' | 'wait'>
  >
  origin: string
  tenantry: Tenantry
  faults: Faults
  now(): number
  /** Moves the time on, in milliseconds, for the provider and for the kit. */
  pass(milliseconds: number): void
  /** How many requests an endpoint's path has had. */
  requestsTo(path: string): number
  /** A new browser without a session; it reaches the provider, and the app by its handler. */
  person(connect?: AnyConnect): Person
  /**
   * Installs the app as a person would, from the start path to what the app answers on its callback: 303 to the page that
   * says so, unless `onLinked` answers itself.
   * @param init of the first request: a form that is posted, say
   */
  install(connect: AnyConnect, choice: Choice, person?: Person, init?: RequestInit): Promise<Response>
  /** The user removes the app at the provider; the callback is sent to the app's handler. */
  uninstall(connect: AnyConnect, reference: LinkReference): Promise<Response>
  close(): Promise<void>
}

const PASSWORD = 'shaken-not-stirred'
const LOOPBACK = 'http://localhost:4040'

const defaultCompanies = [
  { companyId: 1, name: 'MI6', domain: 'casinoroyale' },
  { companyId: 2, name: 'Universal Exports', domain: 'universal-exports' },
]

const defaultUsers: TestUser[] = [
  {
    userId: 777,
    email: 'james.bond@mi6.example',
    name: 'James Bond',
    timezone: 'Europe/Helsinki',
    at: { 1: { isAdmin: true }, 2: { email: 'j.bond@universal-exports.example', locale: 'en_GB' } },
  },
  { userId: 779, email: 'eve.moneypenny@mi6.example', name: 'Eve Moneypenny', locale: 'en_GB', at: { 1: {} } },
]

/**
 * Starts a provider in memory, in well under a second.
 * @example
 * ```ts
 * import { startTestProvider } from '@tenantry/connect/testing'
 * const provider = await startTestProvider({ redirectUri: 'https://app.example/connect/callback' })
 * console.log(provider.options.clientId)
 * await provider.close()
 * ```
 */
export async function startTestProvider(options: TestProviderOptions): Promise<TestProvider> {
  const { origin = LOOPBACK, redirectUri } = options
  let now = options.now ?? Date.now()
  let ahead = 0
  const clock = () => now + ahead
  const provider = createTenantry({
    store: { path: ':memory:' },
    secrets: [crypto.randomUUID() + crypto.randomUUID()],
    origin,
    localCallbacks: true,
    clock,
  })
  await provider.ready
  await seed(provider, options)
  const { app, clientSecret } = await createApp(provider.runtime, {
    name: 'App under test',
    redirectUris: [redirectUri],
    scopes: ['base', 'users:read'],
    keepSecret: true,
    ...options.app,
  })
  const faults = new FaultQueue(async (later, work) => {
    ahead += later
    try {
      return await work()
    } finally {
      ahead -= later
    }
  })
  const requests = new Map<string, number>()
  const fetch: Fetch = async (input, init) => {
    const request = new Request(input, init)
    const url = new URL(request.url)
    if (url.origin !== origin) throw new TypeError(`fetch failed: the test has no server at ${url.origin}`)
    requests.set(url.pathname, (requests.get(url.pathname) ?? 0) + 1)
    return abortable(
      faults.send(url, () => provider.fetch(request)),
      init?.signal,
    )
  }
  const toApp =
    (connect: AnyConnect | undefined): Fetch =>
    async (input, init) => {
      const request = new Request(input, init)
      const isProvider = new URL(request.url).origin === origin
      return isProvider || !connect ? provider.fetch(request) : connect.handler(request)
    }
  return {
    options: {
      provider: tenantryProvider({ issuer: origin, profile: app.profile === 'pipedrive' ? 'pipedrive' : 'standard' }),
      clientId: app.clientId,
      clientSecret: clientSecret ?? '',
      redirectUri,
      fetch,
      clock,
      async wait(milliseconds, signal) {
        signal?.throwIfAborted()
        now += milliseconds
      },
    },
    origin,
    tenantry: provider,
    faults,
    now: () => now,
    pass(milliseconds) {
      now += milliseconds
    },
    requestsTo: path => requests.get(path) ?? 0,
    person: connect => new Person(toApp(connect), PASSWORD),
    async install(connect, choice, person = new Person(toApp(connect), PASSWORD), init = {}) {
      const start = new URL(connect.startPath, redirectUri)
      const answer = await person.request(await person.walk(start, redirectUri, choice, init))
      const location = new URL(answer.headers.get('Location') ?? redirectUri, redirectUri)
      if (location.origin !== origin) return answer
      // Installed for a company: the administrator goes on as themself.
      const { installFor: _, ...own } = choice
      return person.request(await person.walk(location, redirectUri, own))
    },
    async uninstall(connect, { companyId, userId }) {
      const { runtime } = provider
      await removeInstallation(runtime, { company_id: companyId, user_id: userId, client_id: app.clientId })
      return connect.handler(
        uninstallRequest(redirectUri, app.clientId, clientSecret ?? '', { companyId, userId }, now),
      )
    },
    close: () => provider.close(),
  }
}

async function seed(
  { runtime }: Tenantry,
  { companies = defaultCompanies, users = defaultUsers }: TestProviderOptions,
) {
  for (const company of companies) await createCompany(runtime, company)
  await Promise.all(
    users.map(async ({ at, ...user }) => {
      await createUser(runtime, user)
      await setPassword(runtime, user.userId, PASSWORD)
      for (const [companyId, membership] of Object.entries(at)) {
        await addMember(runtime, { companyId: Number(companyId), userId: user.userId, ...membership })
      }
    }),
  )
}

/** An answer that comes after its time limit is not waited for, as on a real connection. */
function abortable<T>(work: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return work
  work.catch(() => {})
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    work.then(resolve, reject)
  })
}

export { uninstallRequest }
