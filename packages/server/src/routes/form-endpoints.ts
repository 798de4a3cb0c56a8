import type { CommonError, CommonErrorKind } from '../http/common-error.ts'
import { openToAll } from '../http/cors.ts'
import type { FormEndpoint } from '../http/environment.ts'
import { introspect } from '../oauth/introspect.ts'
import { revoke } from '../oauth/revoke.ts'
import { token } from '../oauth/token.ts'

/** Those whose answer is JSON and nothing more, which a server may ask without the framework. */
export const formEndpoints: ReadonlyMap<string, FormEndpoint> = new Map([
  ['/oauth/token', token],
  // Clients that were made for Pipedrive call it with a slash.
  ['/oauth/token/', token],
  ['/oauth/revoke', revoke],
  ['/oauth/introspect', introspect],
])

/** RFC 6749 section 5.1, on errors too. */
export const NO_STORE = { 'Cache-Control': 'no-store', Pragma: 'no-cache' }

/** What each answer of a form endpoint carries, beside what every answer does. */
export const formEndpointHeaders = { ...NO_STORE, ...openToAll }

const errorCodes: Record<CommonErrorKind, string> = {
  not_found: 'invalid_request',
  body_too_large: 'invalid_request',
  too_many_parameters: 'invalid_request',
  too_many_requests: 'temporarily_unavailable',
  unavailable: 'temporarily_unavailable',
  outcome_unknown: 'temporarily_unavailable',
  internal: 'server_error',
}

/** A common error as RFC 6749 section 5.2 has it. */
export function oauthErrorBody({ kind, description }: CommonError) {
  return { error: errorCodes[kind], error_description: description }
}
