import type { RouteHandler } from './environment.ts'

/** `GET /healthz`: the process answers. */
export const healthz: RouteHandler = c => c.json({ status: 'ok' })

/** `GET /readyz`: the database answers too. */
export const readyz: RouteHandler = async c => {
  const { store } = c.var.runtime
  c.header('Cache-Control', 'no-store')
  try {
    await store.ping()
    return c.json({ status: 'ready' })
  } catch (error) {
    c.var.runtime.log.error({ err: error }, 'the database does not answer')
    return c.json({ status: 'unavailable' }, 503, { 'Retry-After': '1' })
  }
}
