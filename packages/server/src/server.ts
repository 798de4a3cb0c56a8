import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Hono } from 'hono'
import type { Logger } from 'pino'
import { pino } from 'pino'
import { writeUses } from './apps/app-uses.ts'
import { recordRefusals } from './audit/refusals.ts'
import { KeyRing } from './config/key-ring.ts'
import { deriveKeys } from './config/keys.ts'
import { LiveSettings } from './config/live-settings.ts'
import type { Runtime } from './config/runtime.ts'
import { checkSettings, type SettingsInput } from './config/settings.ts'
import { addGauges } from './gauges.ts'
import { basePathOf, withoutBasePath } from './http/base-path.ts'
import type { Environment } from './http/environment.ts'
import type { DirectRequest, DirectRoute, HotRoute } from './http/hot-route.ts'
import { Metrics } from './metrics/metrics.ts'
import { HotRoutes } from './node-server/hot-routes.ts'
import { createApp } from './routes/app.ts'
import { directRoutes } from './routes/direct-routes.ts'
import { startRuntimeJobs } from './runtime-jobs.ts'
import type { PostgresOptions } from './store/postgres/options.ts'
import { openPostgresStore } from './store/postgres/postgres-store.ts'
import { openSqliteStore, type SqliteOptions } from './store/sqlite/sqlite-store.ts'
import type { Store } from './store/store.ts'
import { usersMeHotRoute } from './users-me/hot-route.ts'

/** What a provider is made of. Durations are in seconds. */
export interface TenantryOptions extends SettingsInput {
  /** The embedded database, `{ path }`: a file or `:memory:`; or PostgreSQL, `{ url }`. */
  store: SqliteOptions | PostgresOptions
  /**
   * At least one secret of at least 32 characters, the current one first; the earlier ones still verify what was made
   * under them. Keep them out of the database.
   */
  secrets: readonly string[]
  /** Milliseconds since 1970; for tests. */
  clock?: () => number
  /** Where log lines go; none are written when not set. */
  logger?: Logger
}

/** An OAuth server and `/users/me`, to be mounted anywhere that speaks web-standard requests. */
export interface Tenantry {
  /**
   * Answers a request. The second argument is what the server it is mounted in knows of the connection, as
   * `@hono/node-server` passes it; sign-in attempts are counted by the address in it.
   */
  fetch(request: Request, env?: Environment['Bindings']): Promise<Response>
  /**
   * Answers the most frequent request, `GET /users/me`, without creating a `Request` and a `Response`. In a `node:http`
   * server call it first, and `fetch` where it returns false. The responses are the same.
   */
  answerDirectly(incoming: IncomingMessage, outgoing: ServerResponse): boolean
  /** The same for a server that reads connections itself, as `tenantry serve` does. */
  readonly hotRoutes: readonly HotRoute[]
  /** Where apps' servers send forms and where people allow apps, for such a server as well. */
  readonly directRoutes: readonly DirectRoute[]
  /** Resolves once requests can be answered, and rejects where the database cannot be used. */
  readonly ready: Promise<void>
  /** Finishes what was begun, then closes the database. */
  close(): Promise<void>
  /** For the functions that administer companies, users and apps. */
  readonly runtime: Runtime
}

/**
 * Creates a provider. Options are checked at once.
 * @throws {SettingsError} with every mistake in the options
 * @throws {StoreOpenError} if the database cannot be opened
 * @example
 * ```ts
 * import { createTenantry } from 'tenantry'
 * const tenantry = createTenantry({
 *   store: { path: ':memory:' },
 *   secrets: ['a secret of at least 32 characters, from a file'],
 *   origin: 'https://id.example.com',
 * })
 * await tenantry.ready
 * const response = await tenantry.fetch(new Request('https://id.example.com/healthz'))
 * console.log(response.status)
 * await tenantry.close()
 * ```
 */
export function createTenantry(options: TenantryOptions): Tenantry {
  const runtime = createRuntime(options)
  return serveRuntime(runtime)
}

/** What every module works with, without a server: enough for administration. */
export function createRuntime({
  store: storeOptions,
  secrets,
  clock = Date.now,
  logger,
  ...settings
}: TenantryOptions): Runtime {
  const liveSettings = new LiveSettings(checkSettings(settings))
  // Refused before anything is opened.
  deriveKeys(secrets)
  const store = openStore({ migrate: true, ...storeOptions })
  return {
    settings: liveSettings.values,
    liveSettings,
    keys: new KeyRing(store, secrets, clock),
    store,
    clock,
    log: logger ?? pino({ enabled: false }),
    metrics: new Metrics(),
  }
}

function openStore(options: TenantryOptions['store']): Store {
  return 'url' in options ? openPostgresStore(options) : openSqliteStore(options)
}

/** Extra routes come first, so that a sandbox can have pages of its own. */
export function serveRuntime(runtime: Runtime, addMore: (app: Hono<Environment>) => void = () => {}): Tenantry {
  addGauges(runtime)
  const basePath = basePathOf(runtime.settings.origin)
  const underWay = new Set<Promise<unknown>>()
  let isReady = false
  const hotRoutes = [onceReady(usersMeHotRoute(runtime))]
  const hot = new HotRoutes(hotRoutes)
  /** Until the database is open all is for the full route, which waits for it. */
  function onceReady({ paths, respond }: HotRoute): HotRoute {
    return {
      paths,
      respond(request) {
        const response = isReady ? respond(request) : undefined
        return response instanceof Promise ? finishing(response) : response
      },
    }
  }
  function afterReady({ respond, ...route }: DirectRoute): DirectRoute {
    const answer = async (request: DirectRequest) => {
      if (!isReady) await ready.catch(() => {})
      return respond(request)
    }
    return { ...route, respond: request => finishing(answer(request)) }
  }
  /** {@link Tenantry.close} waits for it. */
  async function finishing<Result>(answer: Promise<Result>): Promise<Result> {
    underWay.add(answer)
    try {
      return await answer
    } finally {
      underWay.delete(answer)
    }
  }
  const app = createApp(runtime, addMore)
  async function answerByRoutes(request: Request, env: Environment['Bindings']): Promise<Response> {
    // What goes wrong with the database is answered as every fault of it is.
    if (!isReady) await ready.catch(() => {})
    return app.fetch(basePath === '' ? request : withoutBasePath(request, basePath), env)
  }
  const ready = open(runtime).finally(() => {
    isReady = true
  })
  const jobs = ready.then(
    () => startRuntimeJobs(runtime),
    () => undefined,
  )
  return {
    runtime,
    ready,
    hotRoutes,
    directRoutes: directRoutes(runtime).map(afterReady),
    answerDirectly: (incoming, outgoing) => hot.respondTo(incoming, outgoing),
    fetch: (request, env = {}) => finishing(answerByRoutes(request, env)),
    async close() {
      await Promise.allSettled(underWay)
      await (await jobs)?.stop()
      await recordRefusals(runtime).catch(() => {})
      await writeUses(runtime).catch(() => {})
      await runtime.store.close()
    },
  }
}

async function open({ store, keys, liveSettings }: Runtime) {
  await store.ready
  await keys.load()
  await liveSettings.load(store)
}
