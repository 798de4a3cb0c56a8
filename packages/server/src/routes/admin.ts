import { ADMIN_PATH } from '../admin-api/environment.ts'
import { AdminProblem, type ProblemCode, problemResponse } from '../admin-api/problem.ts'
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
  return api.fetch(c.req.raw, { runtime: c.var.runtime, requestId: c.var.requestId })
}

const codes: Record<CommonErrorKind, ProblemCode> = {
  not_found: 'not_found',
  body_too_large: 'body_too_large',
  too_many_parameters: 'invalid_request',
  unavailable: 'unavailable',
  outcome_unknown: 'unavailable',
  internal: 'internal',
}

function answerAsProblem(c: RequestContext, { kind, status, description, headers }: CommonError): Response {
  return problemResponse(new AdminProblem(status, codes[kind], description, { headers }), c.var.requestId)
}
