import type { ErrorHandler, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { CommonError } from '../http/common-error.ts'
import type { EndpointContext, Environment, PageContext } from '../http/environment.ts'
import { ApiError, OAuthError, TooManyParameters, TooManyRequests } from '../http/errors.ts'
import { describeFailure } from '../http/failure.ts'
import { MAX_PARAMETERS } from '../http/form.ts'
import { AuthorizationError, respondWithError } from '../oauth/authorization-answer.ts'
import { PageError, showErrorPage } from '../pages/error-page.ts'

/** Answers what a handler has thrown: its own kinds of error as they say, all others in the format of the route's group. */
export const answerError: ErrorHandler<Environment> = (error, c) => {
  const own = answerOwnError(c, error)
  if (own) return own
  if (error instanceof ApiError) return c.json(error.body(), error.status, error.headers)
  if (error instanceof OAuthError) {
    return c.json({ error: error.code, error_description: error.description }, error.status, error.headers)
  }
  return c.var.errorFormat(c, describeError(c, error))
}

/** What a page says in its own way. */
export function answerOwnError(c: PageContext, error: Error): Response | Promise<Response> | undefined {
  if (error instanceof AuthorizationError) return respondWithError(c, error)
  return error instanceof PageError ? showErrorPage(c, error) : undefined
}

/** An error that can happen to any request; one that is a fault of this server is logged. */
export function describeError(
  { var: { runtime, requestId }, req: { path } }: EndpointContext,
  error: Error,
): CommonError {
  const refused = findRefusal(error)
  if (refused) return refused
  const { answer, message } = describeFailure(error, requestId)
  runtime.log.error({ err: error, requestId, path }, message)
  return answer
}

export const answerNotFound: NotFoundHandler<Environment> = c => {
  return c.var.errorFormat(c, {
    kind: 'not_found',
    status: 404,
    description: 'No route has this path and method.',
    headers: {},
  })
}

/** What the client can change. */
function findRefusal(error: Error): CommonError | undefined {
  if (error instanceof HTTPException && error.status === 413) {
    return { kind: 'body_too_large', status: 413, description: 'The body is larger than 64 KiB.', headers: {} }
  }
  if (error instanceof TooManyParameters) {
    const description = `More than ${MAX_PARAMETERS} parameters.`
    return { kind: 'too_many_parameters', status: 400, description, headers: {} }
  }
  if (error instanceof TooManyRequests) {
    const description = `${error.message} Try again in ${error.retryAfter} seconds.`
    const headers = {
      'Retry-After': String(error.retryAfter),
      'X-RateLimit-Limit': String(error.perMinute),
      'X-RateLimit-Remaining': '0',
      'X-RateLimit-Reset': String(error.retryAfter),
    }
    return { kind: 'too_many_requests', status: 429, description, headers }
  }
  return undefined
}
