import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { RouteStep } from './environment.ts'

/**
 * Gives each request an id, answered as `X-Request-Id`, and logs one line when it is done. The path is logged without
 * its query and no header is, so that nothing secret gets into a log.
 */
export const requestLog: RouteStep = async (c, next) => {
  const requestId = randomUUID()
  c.set('requestId', requestId)
  c.header('X-Request-Id', requestId)
  const started = performance.now()
  await next()
  logRequest(c.var.runtime.log, { requestId, method: c.req.method, path: c.req.path, status: c.res.status, started })
}

/** @param done `started` as `performance.now()` gave it */
export function logRequest(
  log: Logger,
  request: { requestId: string; method: string; path: string; status: number; started: number },
) {
  if (!log.isLevelEnabled('info')) return
  const { started, ...done } = request
  log.info({ ...done, milliseconds: Math.round(performance.now() - started) })
}
