import type { PageContext } from '../http/environment.ts'
import { limitsFor } from '../sign-in/external-session.ts'
import { AuthorizationError } from './authorization-answer.ts'
import { type AuthorizationRequest, checkAuthorizationRequest } from './authorization-request.ts'
import { requireOwnBrowser } from './device-request.ts'
import { tieToBrowser } from './pushed-request.ts'

/**
 * What an app asks of the signed-in person, within what the platform's own sign-in page allows it.
 * @throws {PageError} and {AuthorizationError} as {@link checkAuthorizationRequest} does
 */
export async function readAuthorizationRequest(c: PageContext, rawQuery: string): Promise<AuthorizationRequest> {
  const asked = await checkAuthorizationRequest(c.var.runtime, rawQuery)
  if (asked.device) requireOwnBrowser(c, asked.device)
  const request = asked.pushed ? { ...asked, pushed: await tieToBrowser(c, asked.pushed) } : asked
  const { scopes: allowed } = limitsFor(c, request.app.clientId)
  if (!allowed) return request
  const scopes = request.scopes.filter(scope => allowed.includes(scope))
  if (scopes.length > 0) return { ...request, scopes }
  throw new AuthorizationError(request, 'access_denied', 'The platform allows the app none of these scopes.')
}
