import type { RequestContext } from '../http/environment.ts'
import { findInstallation } from '../store/queries/installations.ts'
import { isSubset, storedScopes } from '../tokens/scopes.ts'
import { listActiveMemberships } from './active-memberships.ts'
import { AuthorizationError, answerWithCode } from './authorization-answer.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { grantCode } from './grant-code.ts'

/**
 * `prompt=none` (OpenID Connect Core section 3.1.2.1): a code if everything was allowed before, an error otherwise;
 * never a page. What needs a choice is an error too.
 */
export async function answerWithoutAsking(c: RequestContext, request: AuthorizationRequest) {
  const { signedIn, runtime } = c.var
  const refuse = (code: string, description: string) => new AuthorizationError(request, code, description)
  if (!signedIn) throw refuse('login_required', 'Nobody is signed in.')
  if (request.loginHint !== undefined && request.loginHint.toLowerCase() !== signedIn.user.email) {
    throw refuse('login_required', 'Someone else is signed in.')
  }
  const memberships = await listActiveMemberships(c)
  const candidates =
    request.companyId === undefined ? memberships : memberships.filter(m => m.company_id === request.companyId)
  const [membership] = candidates
  if (!membership || candidates.length > 1) throw refuse('interaction_required', 'A company must be chosen.')
  const installation = await findInstallation(runtime.store, {
    company_id: membership.company_id,
    user_id: signedIn.user.user_id,
    client_id: request.app.clientId,
  })
  if (!installation || !isSubset(request.scopes, storedScopes(installation.scopes))) {
    throw refuse('consent_required', 'The user has not allowed this yet.')
  }
  return answerWithCode(c, request, await grantCode(c, request, membership.company_id))
}
