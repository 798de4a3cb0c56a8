import { findUserByAnyEmail } from '../companies/users.ts'
import type { PageContext } from '../http/environment.ts'
import { findInstallation } from '../store/queries/installations.ts'
import { retryOnConflict, type Statement } from '../store/store.ts'
import { isSubset, storedScopes } from '../tokens/scopes.ts'
import { listActiveMemberships } from './active-memberships.ts'
import { AuthorizationError, respondWithCode } from './authorization-answer.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { grantCodeAgain } from './grant-code.ts'
import { findLeave, type Leave } from './leave.ts'
import { eachOwnsOneOf, isKnowableClient, serveMember } from './serve-member.ts'
import { needsNewSignIn } from './wanted-sign-in.ts'

/**
 * `prompt=none` (OpenID Connect Core section 3.1.2.1): a code if everything was allowed before, an error otherwise;
 * never a page. What needs a choice is an error too.
 */
export async function answerWithoutAsking(c: PageContext, request: AuthorizationRequest) {
  requireKnowableClient(request)
  await requireHintedUser(c, request)
  const code = await retryOnConflict(async () => {
    const membership = await requireOneMembership(c, request)
    const leave = await findLeave(c, request, membership)
    const conditions = requireAllowed(leave)
    const served = await serveMember(c, leave, membership.company_id)
    if (served !== undefined) return served
    const consent = await requireConsent(c, leave.request, membership.company_id)
    return grantCodeAgain(c, leave.request, consent, conditions)
  })
  return respondWithCode(c, request, code)
}

function requireKnowableClient(request: AuthorizationRequest) {
  if (isKnowableClient(request)) return
  throw new AuthorizationError(request, 'interaction_required', 'The user must confirm this app each time.')
}

async function requireHintedUser(c: PageContext, request: AuthorizationRequest) {
  const { loginHint } = request
  const { signedIn, runtime } = c.var
  if (!signedIn) throw new AuthorizationError(request, 'login_required', 'The user is not signed in.')
  if (needsNewSignIn(request, signedIn, runtime.clock())) {
    throw new AuthorizationError(
      request,
      'login_required',
      'Another user is expected, or a sign-in that is not as long ago.',
    )
  }
  if (loginHint === undefined) return
  const hinted = await findUserByAnyEmail(runtime.store, loginHint)
  if (hinted?.user_id !== signedIn.user.user_id) {
    throw new AuthorizationError(request, 'login_required', 'Another user is signed in than login_hint names.')
  }
}

async function requireOneMembership(c: PageContext, request: AuthorizationRequest) {
  const memberships = await listActiveMemberships(c, request)
  const candidates =
    request.companyId === undefined ? memberships : memberships.filter(m => m.company_id === request.companyId)
  const [membership] = candidates
  if (membership && candidates.length === 1) return membership
  throw new AuthorizationError(request, 'interaction_required', 'The user must choose a company.')
}

/** What the company's leave rests on. */
function requireAllowed({ request, verdict }: Leave): Statement[] {
  if (verdict.outcome === 'allowed') return verdict.conditions
  if (verdict.outcome === 'blocked' || verdict.outcome === 'private') {
    throw new AuthorizationError(request, 'access_denied', 'The company does not allow this app.')
  }
  throw new AuthorizationError(
    request,
    'consent_required',
    'An administrator of the company must allow this app first.',
  )
}

async function requireConsent(c: PageContext, request: AuthorizationRequest, companyId: number) {
  const { runtime, signedIn } = c.var
  const installation = await findInstallation(runtime.store, {
    company_id: companyId,
    user_id: signedIn!.user.user_id,
    client_id: request.app.clientId,
  })
  const isAllowed = installation && isSubset(request.scopes, storedScopes(installation.scopes))
  if (isAllowed && (await eachOwnsOneOf(runtime, request))) return installation
  throw new AuthorizationError(request, 'consent_required', 'The user has not allowed this yet.')
}
