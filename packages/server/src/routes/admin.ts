import type { StatusCode } from 'hono/utils/http-status'
import { ADMIN_PATH } from '../admin-api/environment.ts'
import { AdminProblem, type ProblemCode, problemResponse } from '../admin-api/problem.ts'
import { clientAddress } from '../http/client-address.ts'
import type { CommonError, CommonErrorKind } from '../http/common-error.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import type { RouteGroup } from './route-group.ts'

/** What the platform's own programs call with an admin key. Errors are problems (RFC 9457). */
export const adminRoutes: RouteGroup = {
  paths: ['/admin/*'],
  errorFormat: answerAsProblem,
  addTo(app) {
    app.all(`${ADMIN_PATH}/*`, adminApi)
  },
}

/** Loaded when it is first called: most processes never need its schemas. */
const adminApi: RouteHandler = async c => {
  const { api } = await import('../admin-api/api.ts')
  const { runtime, requestId } = c.var
  return withCommonHeaders(
    c,
    await api.fetch(c.req.raw, {
      runtime,
      requestId,
      address: clientAddress(c),
      socket: c.env?.incoming?.socket,
      onRoute: pattern => c.set('route', pattern),
    }),
  )
}

function withCommonHeaders(c: RequestContext, { body, status, headers }: Response): Response {
  return c.newResponse(body, status as StatusCode, Object.fromEntries(headers))
}

const codes: Record<CommonErrorKind, ProblemCode> = {
  not_found: 'not_found',
  body_too_large: 'body_too_large',
  too_many_parameters: 'invalid_request',
  too_many_requests: 'too_many_requests',
  unavailable: 'unavailable',
  outcome_unknown: 'unavailable',
  internal: 'internal',
}

function answerAsProblem(c: RequestContext, { kind, status, description, headers }: CommonError): Response {
  const problem = new AdminProblem(status, codes[kind], description, { headers })
  return withCommonHeaders(c, problemResponse(problem, c.var.requestId))
}
