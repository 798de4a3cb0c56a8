import { randomUUID } from 'node:crypto'
import type { Runtime } from '../config/runtime.ts'
import { basePathOf } from '../http/base-path.ts'
import { openToAll } from '../http/cors.ts'
import { ApiError } from '../http/errors.ts'
import { describeFailure } from '../http/failure.ts'
import { type HotRequest, type HotResponse, type HotRoute, ResponseBody } from '../http/hot-route.ts'
import { logRequest } from '../http/request-log.ts'
import { commonHeaders } from '../http/security-headers.ts'
import { rateLimiterOf } from '../rate-limits/rate-limiter.ts'
import type { MaybePromise } from '../store/maybe-promise.ts'
import { isBoundRequest } from '../tokens/bound.ts'
import { findTracer, recordServerSpan } from '../tracing/spans.ts'
import { OK_HEADERS, respondUsersMe, type UsersMeResponse, usersMePaths } from './users-me.ts'

/** `GET /users/me` for a server's fast path, with the headers and the body that the route gives. */
export function usersMeHotRoute(runtime: Runtime): HotRoute {
  const common = { ...commonHeaders(runtime.settings), ...openToAll }
  const okHeaders = { ...common, ...OK_HEADERS }
  const isLimited = rateLimiterOf(runtime).limits('me')
  const tracer = findTracer()
  // Where requests are limited, the route counts them; and only within the route do spans of a database have a parent.
  const isLeftToRoute = isLimited || (tracer !== undefined && runtime.store.engine !== 'sqlite')
  const meter = runtime.metrics.requests.meter('/users/me', 'GET')
  const finish = ({ status, headers, body }: UsersMeResponse, begun: Begun): HotResponse => {
    const { requestId, path, traceparent, started } = begun
    meter.count(status, performance.now() - started)
    logRequest(runtime.log, { requestId, method: 'GET', path, status, started })
    if (tracer) {
      const request = { method: 'GET', path, traceparent, requestId }
      recordServerSpan(tracer, request, { route: '/users/me', status }, started)
    }
    return { status, headers: headers === OK_HEADERS ? okHeaders : { ...common, ...headers }, requestId, body }
  }
  return {
    paths: new Set(pathsBelow(basePathOf(runtime.settings.origin))),
    respond({ path, authorization, traceparent, beganBeforeTurn }: HotRequest): MaybePromise<HotResponse> | undefined {
      // A proof (RFC 9449) is about the whole request, and its use is written down.
      if (isLeftToRoute || isBoundRequest(authorization)) return undefined
      const begun = { started: performance.now(), requestId: randomUUID(), path, traceparent }
      try {
        const response = respondUsersMe(runtime, authorization, beganBeforeTurn)
        if (!(response instanceof Promise)) return finish(response, begun)
        return response.then(
          found => finish(found, begun),
          error => finish(failure(runtime, error, begun), begun),
        )
      } catch {
        // It fails again in the route, which logs internal errors and answers them.
        return undefined
      }
    },
  }
}

/** A request that is being answered. */
interface Begun extends Omit<HotRequest, 'authorization' | 'beganBeforeTurn'> {
  /** As `performance.now()` gave it. */
  started: number
  requestId: string
}

/** What the route answers to an error that is no refusal, and logs. */
function failure(runtime: Runtime, error: Error, { requestId, path }: Begun): UsersMeResponse {
  const { answer, message } = describeFailure(error, requestId)
  runtime.log.error({ err: error, requestId, path }, message)
  const body = new ResponseBody(JSON.stringify(new ApiError(answer.status, answer.description).body()))
  return { status: answer.status, headers: { 'Content-Type': 'application/json', ...answer.headers }, body }
}

/** The paths, and the same below the base path of an origin that has one. */
function pathsBelow(basePath: string): string[] {
  return basePath === '' ? usersMePaths : [...usersMePaths, ...usersMePaths.map(path => basePath + path)]
}
