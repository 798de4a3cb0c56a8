import type { App } from '../apps/apps.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { OAuthError } from '../http/errors.ts'
import { parseParameters, readOAuthForm } from '../http/form.ts'
import { PageError } from '../pages/error-page.ts'
import { AuthorizationError } from './authorization-answer.ts'
import { checkAuthorizationRequest } from './authorization-request.ts'
import { authenticateClient } from './client-authentication.ts'
import { keepRequest, PUSHED_LIFETIME } from './pushed-request.ts'
import { readRequestObject } from './request-object.ts'
import { provenKey, refuseSecretsInQuery } from './token.ts'

/** What authenticates the client, and is no part of its authorization request. */
const OF_THE_CLIENT = new Set(['client_secret', 'client_assertion', 'client_assertion_type', 'client_id'])

/** `POST /oauth/par` (RFC 9126): an app sends its authorization request beforehand, and gets a name for it. */
export const pushRequest: RouteHandler = async c => {
  refuseSecretsInQuery(c)
  const form = await readOAuthForm(c)
  const app = await authenticateClient(c, form)
  if (form.has('request_uri')) throw new OAuthError('invalid_request', 'request_uri: send the parameters themselves.')
  const signed = form.get('request')
  const pushed = signed === undefined ? await parametersOf(c, app) : await readRequestObject(c.var.runtime, app, signed)
  const query = bindToKey(pushed, await provenKey(c, { ...app, requireDpop: false }))
  try {
    await checkAuthorizationRequest(c.var.runtime, query, { isPushed: true })
  } catch (error) {
    throw asOAuthError(error)
  }
  const requestUri = await keepRequest(c.var.runtime, app.clientId, query)
  return c.json({ request_uri: requestUri, expires_in: PUSHED_LIFETIME }, 201)
}

/** What was sent, but for what authenticates the client. */
export async function parametersOf(c: RequestContext, app: App): Promise<string> {
  const body = await c.req.text()
  const { repeated } = parseParameters(body)
  if (repeated.has('state')) throw new OAuthError('invalid_request', 'Repeated parameter: state. Send it once.')
  const kept = body.split('&').filter(pair => !OF_THE_CLIENT.has(nameOf(pair)))
  return [`client_id=${encodeURIComponent(app.clientId)}`, ...kept].join('&')
}

/** The code is for who has shown a key here (RFC 9449 section 10.1). */
function bindToKey(query: string, jkt: string | null): string {
  if (jkt === null) return query
  const asked = parseParameters(query).parameters.get('dpop_jkt')
  if (asked === undefined) return `${query}&dpop_jkt=${jkt}`
  if (asked === jkt) return query
  throw new OAuthError('invalid_dpop_proof', 'dpop_jkt is another key than the DPoP proof shows.')
}

function nameOf(pair: string): string {
  return new URLSearchParams(pair).keys().next().value ?? ''
}

/** What the person would have seen is for the app here (RFC 9126 section 2.3). */
function asOAuthError(error: unknown): unknown {
  if (error instanceof AuthorizationError) return new OAuthError(error.code, error.description)
  if (!(error instanceof PageError)) return error
  const isRedirectUri = error.key === 'error.redirectUri'
  const description = isRedirectUri ? 'redirect_uri: it is not registered for this app.' : 'The request is malformed.'
  return new OAuthError('invalid_request', description)
}
