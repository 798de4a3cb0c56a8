import { insertedWellKnown } from '../http/base-path.ts'
import type { CommonError } from '../http/common-error.ts'
import { corsFor } from '../http/cors.ts'
import type { RequestContext, RouteHandler, RouteStep } from '../http/environment.ts'
import { postOnly } from '../http/not-allowed.ts'
import { authorizeDevice } from '../oauth/device-authorization.ts'
import { metadata } from '../oauth/metadata.ts'
import { pushRequest } from '../oauth/par.ts'
import { deleteRegistration, readRegistration, register, replaceRegistration } from '../oauth/register.ts'
import { jwks } from '../openid/jwks.ts'
import { limitByAddress } from '../rate-limits/limit-requests.ts'
import { formEndpoints, NO_STORE, oauthErrorBody } from './form-endpoints.ts'
import type { RouteGroup } from './route-group.ts'

const tokenCors = corsFor(['POST'])
const metadataCors = corsFor(['GET'])

/** What apps' servers call. Errors are those of RFC 6749 section 5.2. */
export const oauthRoutes: RouteGroup = {
  paths: [
    '/oauth/par/*',
    '/oauth/device_authorization/*',
    '/oauth/register/*',
    '/oauth/token/*',
    '/oauth/revoke/*',
    '/oauth/introspect/*',
    '/.well-known/*',
  ],
  errorFormat: answerAsOAuth,
  addTo(app, basePath) {
    const endpoints: [path: string, handler: RouteHandler][] = [
      ...[...formEndpoints].map(([path, endpoint]): [string, RouteHandler] => [
        path,
        async c => c.json(await endpoint(c)),
      ]),
      ['/oauth/par', pushRequest],
      ['/oauth/device_authorization', authorizeDevice],
    ]
    for (const [path, handler] of endpoints) {
      app.use(path, noStore, tokenCors)
      app.post(path, handler)
      app.all(path, postOnly)
    }
    app.use('/oauth/register', noStore, limitByAddress('register'), tokenCors)
    app.post('/oauth/register', register)
    app.all('/oauth/register', postOnly)
    app.use('/oauth/register/:client_id', noStore, limitByAddress('register'))
    app.get('/oauth/register/:client_id', readRegistration)
    app.put('/oauth/register/:client_id', replaceRegistration)
    app.delete('/oauth/register/:client_id', deleteRegistration)
    for (const name of ['oauth-authorization-server', 'openid-configuration']) {
      // Below the base path, and where RFC 8414 inserts it.
      for (const path of new Set([insertedWellKnown(name, ''), insertedWellKnown(name, basePath)])) {
        app.use(path, metadataCors)
        app.get(path, metadata)
      }
    }
    app.use('/.well-known/jwks.json', metadataCors)
    app.get('/.well-known/jwks.json', jwks)
  },
}

function answerAsOAuth(c: RequestContext, error: CommonError): Response {
  return c.json(oauthErrorBody(error), error.status, error.headers)
}

const noStore: RouteStep = (c, next) => {
  for (const [name, value] of Object.entries(NO_STORE)) c.header(name, value)
  return next()
}
