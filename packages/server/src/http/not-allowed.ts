import type { RouteHandler } from './environment.ts'
import { ApiError, OAuthError } from './errors.ts'

/** Every other method of an OAuth endpoint (RFC 9110 section 15.5.6). */
export const postOnly: RouteHandler = () => {
  throw new OAuthError('invalid_request', 'Send a POST request.', { status: 405, headers: { Allow: 'POST' } })
}

/** Every other method of userinfo (OpenID Connect Core section 5.3.1). */
export const getOrPostOnly: RouteHandler = () => {
  throw new ApiError(405, 'Send a GET or POST request.', { Allow: 'GET, HEAD, POST, OPTIONS' })
}

/** Every other method of the API's reads. */
export const getOnly: RouteHandler = () => {
  throw new ApiError(405, 'Send a GET request.', { Allow: 'GET, HEAD, OPTIONS' })
}
