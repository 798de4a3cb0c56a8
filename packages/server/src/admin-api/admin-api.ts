import { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { routePath } from 'hono/route'
import { allowanceHeaders, refuse } from '../rate-limits/limit-requests.ts'
import { rateLimiterOf } from '../rate-limits/rate-limiter.ts'
import { findUsableKey } from './admin-keys.ts'
import { addAppOwnerOperations } from './app-owners.ts'
import { addAppPolicyOperations } from './app-policies.ts'
import { addSecretOperations } from './app-secrets.ts'
import { addAppOperations } from './apps.ts'
import { addAuditOperations } from './audit.ts'
import { addBulkOperation } from './bulk.ts'
import { addCallbackOperations } from './callbacks.ts'
import { addChallengeOperations } from './challenges.ts'
import { addCompanyOperations } from './companies.ts'
import { addCompanyInstallationOperations } from './company-installations.ts'
import { addLogoOperations } from './company-logo.ts'
import { ADMIN_PATH, type AdminEnvironment } from './environment.ts'
import { addInstallationOperations } from './installations.ts'
import { addMemberOperations } from './members.ts'
import { describeApi } from './openapi.ts'
import type { AdminApp } from './operation.ts'
import { AdminProblem, invalidFields, problemResponse, toProblem } from './problem.ts'
import { mistakesOf } from './problem-schema.ts'
import { addReference } from './reference.ts'
import { addResourceServerOperations } from './resource-servers.ts'
import { addServerOperations } from './server-state.ts'
import { addSessionOperations } from './sessions.ts'
import { addUserOperations } from './users.ts'

const BEARER = /^Bearer +(\S+) *$/i

/** The admin API: every operation, and its description. */
export function createAdminApi(): AdminApp {
  const app: AdminApp = new OpenAPIHono<AdminEnvironment>({
    defaultHook(result) {
      if (!result.success) throw invalidFields(mistakesOf(result.error))
    },
  })
  app.onError((error, c) => {
    const problem = error instanceof HTTPException ? unreadable(error) : toProblem(error)
    // Other faults are answered by the route group.
    if (!problem) throw error
    return problemResponse(problem, c.env.requestId)
  })
  app.notFound(c =>
    problemResponse(new AdminProblem(404, 'not_found', 'No operation has this path and method.'), c.env.requestId),
  )
  app.use(nameRoute)
  app.get(`${ADMIN_PATH}/openapi.json`, describeApi(app))
  addReference(app)
  app.use(`${ADMIN_PATH}/*`, requireAdminKey)
  addCompanyOperations(app)
  addLogoOperations(app)
  addUserOperations(app)
  addMemberOperations(app)
  addAppOperations(app)
  addSecretOperations(app)
  addAppOwnerOperations(app)
  addResourceServerOperations(app)
  addInstallationOperations(app)
  addCompanyInstallationOperations(app)
  addAppPolicyOperations(app)
  addSessionOperations(app)
  addChallengeOperations(app)
  addCallbackOperations(app)
  addServerOperations(app)
  addAuditOperations(app)
  addBulkOperation(app)
  return app
}

/** The last route that matches is the operation, also where a step before it refuses the request. */
const nameRoute: MiddlewareHandler<AdminEnvironment> = async (c, next) => {
  const pattern = routePath(c, -1)
  if (!pattern.includes('*')) c.env.onRoute(pattern)
  await next()
}

/** Everything but the description needs a key. */
const requireAdminKey: MiddlewareHandler<AdminEnvironment> = async (c, next) => {
  const authorization = c.req.header('Authorization')
  if (authorization === undefined) {
    throw unauthorized('Send an admin key as "Authorization: Bearer KEY". `tenantry admin-key create` makes one.', '')
  }
  const key = await findUsableKey(c.env.runtime, BEARER.exec(authorization)?.[1] ?? '')
  if (!key) {
    const detail = 'The admin key is unknown, revoked or has expired.'
    throw unauthorized(detail, `, error="invalid_token", error_description="${detail}"`)
  }
  c.set('key', key)
  const { runtime, requestId, address } = c.env
  const actor = { type: 'admin_key' as const, id: key.key_id, requestId, ...(address !== undefined && { address }) }
  c.set('acting', { ...runtime, actor })
  const allowance = rateLimiterOf(runtime).count({ group: 'admin', by: 'key', id: key.key_id })
  if (allowance?.isExceeded) refuse(runtime, allowance)
  await next()
  if (!allowance) return
  for (const [name, value] of Object.entries(allowanceHeaders(allowance))) c.res.headers.set(name, value)
}

function unauthorized(detail: string, error: string): AdminProblem {
  const headers = { 'WWW-Authenticate': `Bearer realm="Tenantry administration"${error}` }
  return new AdminProblem(401, 'unauthorized', detail, { headers })
}

/** A body that is no JSON, or does not say that it is. */
function unreadable({ status, message }: HTTPException): AdminProblem | undefined {
  if (status === 400) return new AdminProblem(400, 'invalid_request', `${message}.`)
  if (status !== 415) return undefined
  return new AdminProblem(415, 'unsupported_media_type', 'Send the body as application/json.')
}
