import type { Runtime } from '../config/runtime.ts'
import { NotReady } from '../store/store.ts'
import type { StatusEndpoint } from './environment.ts'

/** `GET /healthz`: the process answers. */
const healthz: StatusEndpoint = async () => ({ status: 200, body: { status: 'ok' } })

/** What was logged last of each server: its state is logged when it changes, however often it is asked for. */
const logged = new WeakMap<Runtime, string>()

/** `GET /readyz`: the database answers too, and can be written to; otherwise `reason` says what prevents it. */
const readyz: StatusEndpoint = async c => {
  const { runtime } = c.var
  c.header('Cache-Control', 'no-store')
  const error = await runtime.store.ping().then(
    () => undefined,
    (error: Error) => error,
  )
  const reason = error === undefined ? 'ready' : error instanceof NotReady ? error.reason : 'unreachable'
  if (reason !== (logged.get(runtime) ?? 'ready')) {
    if (error) runtime.log.error({ err: error, reason }, 'not ready')
    else runtime.log.info('ready again')
  }
  logged.set(runtime, reason)
  if (!error) return { status: 200, body: { status: 'ready' } }
  c.header('Retry-After', '1')
  return { status: 503, body: { status: 'unavailable', reason } }
}

/** What load balancers ask, without the framework where a server can. They never fail. */
export const healthEndpoints: ReadonlyMap<string, StatusEndpoint> = new Map([
  ['/healthz', healthz],
  ['/readyz', readyz],
])
