import type { RouteHandler } from './environment.ts'
import { ApiError, OAuthError } from './errors.ts'

/** Every other method of an OAuth endpoint (RFC 9110 section 15.5.6). */
export const postOnly: RouteHandler = () => {
  throw new OAuthError('invalid_request', 'Send a POST request.', { status: 405, headers: { Allow: 'POST' } })
}

/** Every other method of the API's reads. */
export const getOnly: RouteHandler = () => {
  throw new ApiError(405, 'Send a GET request.', { Allow: 'GET, HEAD, OPTIONS' })
}
