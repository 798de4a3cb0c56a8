import { randomUUID } from 'node:crypto'
import type { RouteStep } from './environment.ts'

/**
 * Gives each request an id, answered as `X-Request-Id`, and logs one line when it is done. The path is logged without
 * its query and no header is, so that nothing secret gets into a log.
 */
export const requestLog: RouteStep = async (c, next) => {
  const requestId = randomUUID()
  c.set('requestId', requestId)
  const started = performance.now()
  await next()
  c.res.headers.set('X-Request-Id', requestId)
  c.var.runtime.log.info({
    requestId,
    method: c.req.method,
    path: c.req.path,
    status: c.res.status,
    milliseconds: Math.round(performance.now() - started),
  })
}
