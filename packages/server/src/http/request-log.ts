import { randomUUID } from 'node:crypto'
import { routePath } from 'hono/route'
import type { Logger } from 'pino'
import { currentTraceId, inServerSpan } from '../tracing/spans.ts'
import type { RequestContext, RouteStep } from './environment.ts'

/**
 * Gives each request an id, answered as `X-Request-Id`, and logs one line when it is done. The path is logged without
 * its query and no header is, so that nothing secret gets into a log.
 */
export const requestLog: RouteStep = async (c, next) => {
  const requestId = randomUUID()
  c.set('requestId', requestId)
  c.header('X-Request-Id', requestId)
  const started = performance.now()
  const request = {
    method: methodOf(c),
    path: c.req.path,
    traceparent: c.req.header('traceparent'),
    tracestate: c.req.header('tracestate'),
    requestId,
  }
  const answered = async () => {
    await next()
    const { log, metrics } = c.var.runtime
    metrics.requests.meter(routeOf(c), methodOf(c)).count(c.res.status, performance.now() - started)
    logRequest(log, { requestId, method: c.req.method, path: c.req.path, status: c.res.status, started })
  }
  await inServerSpan(request, answered, () => ({ route: routeOf(c), status: c.res.status }))
}

/** The pattern of the route that answered; one for all addresses that have no route, since clients make them up. */
function routeOf(c: RequestContext): string {
  const pattern = c.var.route ?? routePath(c)
  return pattern.includes('*') && !pattern.startsWith('/admin/') ? 'other' : pattern
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function methodOf({ req: { method } }: RequestContext): string {
  return METHODS.has(method) ? method : 'other'
}

/** @param done `started` as `performance.now()` gave it */
export function logRequest(
  log: Logger,
  request: { requestId: string; method: string; path: string; status: number; started: number },
) {
  if (!log.isLevelEnabled('info')) return
  const { started, ...done } = request
  const traceId = currentTraceId()
  const milliseconds = Math.round(performance.now() - started)
  log.info({ ...done, milliseconds, ...(traceId !== undefined && { traceId }) })
}
