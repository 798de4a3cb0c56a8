import type { CommonError } from '../http/common-error.ts'
import { corsFor } from '../http/cors.ts'
import type { RequestContext } from '../http/environment.ts'
import { ApiError } from '../http/errors.ts'
import { healthEndpoints } from '../http/health.ts'
import { getOnly, getOrPostOnly } from '../http/not-allowed.ts'
import { userinfo } from '../openid/userinfo.ts'
import { findUsersOfCompany, getUserOfCompany, listUsersOfCompany, usersApiPrefixes } from '../users-api/users-api.ts'
import { usersMe, usersMePaths } from '../users-me/users-me.ts'
import type { RouteGroup } from './route-group.ts'

const cors = corsFor(['GET', 'HEAD'])
const userinfoCors = corsFor(['GET', 'HEAD', 'POST'])

/** What apps and monitors call with a token or without. Errors have the envelope of the API. */
export const apiRoutes: RouteGroup = {
  paths: ['/users/*', '/v1/*', '/api/*', '/oauth/userinfo/*', '/healthz', '/readyz'],
  errorFormat: answerAsApi,
  addTo(app) {
    for (const path of usersMePaths) {
      app.use(path, cors)
      app.get(path, usersMe)
      app.all(path, getOnly)
    }
    for (const prefix of usersApiPrefixes) {
      const endpoints = [
        ['/users', listUsersOfCompany],
        ['/users/find', findUsersOfCompany],
        ['/users/:id', getUserOfCompany],
      ] as const
      for (const [path, handler] of endpoints) {
        app.use(prefix + path, cors)
        app.get(prefix + path, handler)
        app.all(prefix + path, getOnly)
      }
    }
    app.use('/oauth/userinfo', userinfoCors)
    app.on(['GET', 'POST'], '/oauth/userinfo', userinfo)
    app.all('/oauth/userinfo', getOrPostOnly)
    for (const [path, endpoint] of healthEndpoints) {
      app.get(path, async c => {
        const { status, body } = await endpoint(c)
        return c.json(body, status)
      })
    }
  },
}

function answerAsApi(c: RequestContext, { status, description, headers }: CommonError): Response {
  return c.json(new ApiError(status, description).body(), status, headers)
}
