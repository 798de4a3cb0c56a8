import { insertedWellKnown } from '../http/base-path.ts'
import type { CommonError, CommonErrorKind } from '../http/common-error.ts'
import { corsFor, openToAll } from '../http/cors.ts'
import type { FormEndpoint, RequestContext, RouteHandler, RouteStep } from '../http/environment.ts'
import { postOnly } from '../http/not-allowed.ts'
import { authorizeDevice } from '../oauth/device-authorization.ts'
import { introspect } from '../oauth/introspect.ts'
import { metadata } from '../oauth/metadata.ts'
import { pushRequest } from '../oauth/par.ts'
import { deleteRegistration, readRegistration, register, replaceRegistration } from '../oauth/register.ts'
import { revoke } from '../oauth/revoke.ts'
import { token } from '../oauth/token.ts'
import { jwks } from '../openid/jwks.ts'
import { limitByAddress } from '../rate-limits/limit-requests.ts'
import type { RouteGroup } from './route-group.ts'

const tokenCors = corsFor(['POST'])
const metadataCors = corsFor(['GET'])

/** Those whose answer is JSON and nothing more, which a server may ask without the framework. */
export const formEndpoints: ReadonlyMap<string, FormEndpoint> = new Map([
  ['/oauth/token', token],
  // Clients that were made for Pipedrive call it with a slash.
  ['/oauth/token/', token],
  ['/oauth/revoke', revoke],
  ['/oauth/introspect', introspect],
])

/** RFC 6749 section 5.1, on errors too. */
const NO_STORE = { 'Cache-Control': 'no-store', Pragma: 'no-cache' }

/** What each answer of a form endpoint carries, beside what every answer does. */
export const formEndpointHeaders = { ...NO_STORE, ...openToAll }

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

const errorCodes: Record<CommonErrorKind, string> = {
  not_found: 'invalid_request',
  body_too_large: 'invalid_request',
  too_many_parameters: 'invalid_request',
  too_many_requests: 'temporarily_unavailable',
  unavailable: 'temporarily_unavailable',
  outcome_unknown: 'temporarily_unavailable',
  internal: 'server_error',
}

function answerAsOAuth(c: RequestContext, error: CommonError): Response {
  return c.json(oauthErrorBody(error), error.status, error.headers)
}

/** A common error as RFC 6749 section 5.2 has it. */
export function oauthErrorBody({ kind, description }: CommonError) {
  return { error: errorCodes[kind], error_description: description }
}

const noStore: RouteStep = (c, next) => {
  for (const [name, value] of Object.entries(NO_STORE)) c.header(name, value)
  return next()
}
