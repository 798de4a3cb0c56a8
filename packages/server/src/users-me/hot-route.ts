import { randomUUID } from 'node:crypto'
import type { Runtime } from '../config/runtime.ts'
import { basePathOf } from '../http/base-path.ts'
import { openToAll } from '../http/cors.ts'
import type { HotRequest, HotResponse, HotRoute } from '../http/hot-route.ts'
import { logRequest } from '../http/request-log.ts'
import { commonHeaders } from '../http/security-headers.ts'
import { rateLimiterOf } from '../rate-limits/rate-limiter.ts'
import { findTracer, recordServerSpan } from '../tracing/spans.ts'
import { OK_HEADERS, respondUsersMe, usersMePaths } from './users-me.ts'

/** `GET /users/me` for a server's fast path, with the headers and the body that the route gives. */
export function usersMeHotRoute(runtime: Runtime): HotRoute {
  const common = { ...commonHeaders(runtime.settings), ...openToAll }
  const okHeaders = { ...common, ...OK_HEADERS }
  const isLimited = rateLimiterOf(runtime).limits('me')
  const tracer = findTracer()
  const meter = runtime.metrics.requests.meter('/users/me', 'GET')
  return {
    paths: new Set(pathsBelow(basePathOf(runtime.settings.origin))),
    respond({ path, authorization, traceparent }: HotRequest): HotResponse | undefined {
      // Where the database answers later, the route waits for it; and it counts where requests are limited.
      if (runtime.store.engine !== 'sqlite' || isLimited) return undefined
      const started = performance.now()
      const requestId = randomUUID()
      try {
        const response = respondUsersMe(runtime, authorization)
        if (response instanceof Promise) throw new Error('SQLite answers at once.')
        const { status, headers, body } = response
        meter.count(status, performance.now() - started)
        logRequest(runtime.log, { requestId, method: 'GET', path, status, started })
        if (tracer) {
          const request = { method: 'GET', path, traceparent, requestId }
          recordServerSpan(tracer, request, { route: '/users/me', status }, started)
        }
        return { status, headers: headers === OK_HEADERS ? okHeaders : { ...common, ...headers }, requestId, body }
      } catch {
        // It fails again in the route, which logs internal errors and answers them.
        return undefined
      }
    },
  }
}

/** The paths, and the same below the base path of an origin that has one. */
function pathsBelow(basePath: string): string[] {
  return basePath === '' ? usersMePaths : [...usersMePaths, ...usersMePaths.map(path => basePath + path)]
}
