import type { Runtime } from '../config/runtime.ts'
import { NotReady } from '../store/store.ts'
import type { RouteHandler } from './environment.ts'

/** `GET /healthz`: the process answers. */
export const healthz: RouteHandler = c => c.json({ status: 'ok' })

/** What was logged last of each server: its state is logged when it changes, however often it is asked for. */
const logged = new WeakMap<Runtime, string>()

/** `GET /readyz`: the database answers too, and can be written to; otherwise `reason` says what prevents it. */
export const readyz: RouteHandler = async c => {
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
  if (!error) return c.json({ status: 'ready' })
  return c.json({ status: 'unavailable', reason }, 503, { 'Retry-After': '1' })
}
