import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Runtime } from '../config/runtime.ts'
import type { RouteHandler } from '../http/environment.ts'
import { ApiError } from '../http/errors.ts'
import { type HotRequest, ResponseBody } from '../http/hot-route.ts'
import { rateLimiterOf } from '../rate-limits/rate-limiter.ts'
import type { BearerRecord } from '../store/bearer-record.ts'
import { type MaybePromise, whenReady } from '../store/maybe-promise.ts'
import { findBearer, requireUsable } from '../tokens/bearer.ts'
import { isBoundRequest } from '../tokens/bound.ts'
import { requireCountedBearer } from '../tokens/counted-bearer.ts'
import { renderedUser, renderUser } from './rendered-users.ts'

/** The paths that real clients call. */
export const usersMePaths = ['/users/me', '/v1/users/me', '/api/v1/users/me']

export interface UsersMeResponse {
  status: ContentfulStatusCode
  headers: Record<string, string>
  body: ResponseBody
}

const SCOPE = 'base'

export const OK_HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }

/** `GET /users/me`: whom the token speaks for, as they are at the token's company. */
export const usersMe: RouteHandler = async c => {
  if (isBoundRequest(c.req.header('Authorization'))) {
    const bearer = await requireCountedBearer(c, 'me', SCOPE)
    return c.body(renderUser(bearer, c.var.runtime.clock()).text, 200, OK_HEADERS)
  }
  // Looked up once more than without a limit: that is the price of one.
  if (rateLimiterOf(c.var.runtime).limits('me')) await requireCountedBearer(c, 'me', SCOPE)
  const { status, headers, body } = await respondUsersMe(c.var.runtime, c.req.header('Authorization'))
  return c.body(body.text, status, headers)
}

/**
 * The response to `GET /users/me`, for any server.
 * @param authorization the request's header
 * @param beganBeforeTurn as in {@link HotRequest}
 */
export function respondUsersMe(
  runtime: Runtime,
  authorization: string | undefined,
  beganBeforeTurn?: boolean,
): MaybePromise<UsersMeResponse> {
  try {
    const response = whenReady(findBearer(runtime, authorization, beganBeforeTurn), found => ({
      status: 200 as const,
      headers: OK_HEADERS,
      body: bodyFor(runtime, found),
    }))
    return response instanceof Promise ? response.catch(refusal) : response
  } catch (error) {
    return refusal(error)
  }
}

/** @throws {ApiError} as {@link requireUsable} does */
function bodyFor(runtime: Runtime, found: BearerRecord | undefined): ResponseBody {
  const now = runtime.clock()
  const rendered = found && renderedUser(found, now)
  return rendered ?? renderUser(requireUsable(found, SCOPE, now), now)
}

/** @throws whatever is not an {@link ApiError} */
function refusal(error: unknown): UsersMeResponse {
  if (!(error instanceof ApiError)) throw error
  return {
    status: error.status,
    headers: { ...OK_HEADERS, ...error.headers },
    body: new ResponseBody(JSON.stringify(error.body())),
  }
}
