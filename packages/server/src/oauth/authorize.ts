import { formTargets } from '../apps/redirect-uri.ts'
import type { PageContext, PageHandler } from '../http/environment.ts'
import { rawQuery } from '../http/raw-query.ts'
import { PageError } from '../pages/error-page.ts'
import { askToSignIn } from '../sign-in/external/ask.ts'
import type { RefusalTeller } from '../sign-in/external/return.ts'
import type { SignInPurpose } from '../sign-in/sign-in.ts'
import { listActiveMemberships } from './active-memberships.ts'
import { askForConsent } from './ask-for-consent.ts'
import { AuthorizationError, respondWithError } from './authorization-answer.ts'
import { type AuthorizationRequest, checkAuthorizationRequest, keepSignedRequest } from './authorization-request.ts'
import { answerWithoutAsking } from './authorize-silently.ts'
import { showCompanyChooser, showNoCompany } from './choose-company-page.ts'
import { readAuthorizationRequest } from './limited-request.ts'
import { afterSignIn, needsNewSignIn, wantsRecentSignIn } from './wanted-sign-in.ts'

/** `GET /oauth/authorize` (RFC 6749 section 4.1.1): sign in, choose a company, allow. */
export const authorize: PageHandler = async c => {
  const request = await readAuthorizationRequest(c, await keepSignedRequest(c.var.runtime, rawQuery(c.req.url)))
  if (request.prompt.includes('none')) return answerWithoutAsking(c, request)
  if (!c.var.signedIn || needsNewSignIn(request, c.var.signedIn, c.var.runtime.clock())) return showSignIn(c, request)
  return askForCompany(c, request)
}

/** Shows the chooser, or the consent page at once to a member of a single company. */
export async function askForCompany(
  c: PageContext,
  request: AuthorizationRequest,
  problem?: 'consent.membershipEnded' | 'consent.stale',
) {
  const memberships = await listActiveMemberships(c, request)
  const [first] = memberships
  if (!first) return showNoCompany(c, request)
  if (memberships.length > 1) return showCompanyChooser(c, request, memberships, { problem })
  return askForConsent(c, request, first, { onlyCompany: true, problem: problem && { key: problem } })
}

async function showSignIn(c: PageContext, request: AuthorizationRequest) {
  return askToSignIn(c, {
    page: {
      returnTo: `/oauth/authorize?${afterSignIn(request)}`,
      email: request.loginHint,
      ...signInContext(request),
    },
    companyId: request.companyId,
    scopes: request.scopes,
    reauthenticate: c.var.signedIn !== undefined || wantsRecentSignIn(request),
  })
}

/** What the sign-in page says of the app that someone is about to allow, also when it is shown again. */
export const authorizationPurpose: SignInPurpose = async (c, returnTo) => {
  const request = await requestAt(c, returnTo)
  return request ? signInContext(request) : {}
}

/** Tells the app that asked for a sign-in that the platform's own page refused it. */
export const tellRefusal: RefusalTeller = async (c, returnTo, { error, error_description }) => {
  const request = await requestAt(c, returnTo)
  return request && respondWithError(c, new AuthorizationError(request, error, error_description))
}

/** The request of an app that someone signs in for. */
async function requestAt(c: PageContext, returnTo: string): Promise<AuthorizationRequest | undefined> {
  if (!returnTo.startsWith('/oauth/authorize?')) return undefined
  try {
    return await checkAuthorizationRequest(c.var.runtime, rawQuery(returnTo))
  } catch (error) {
    if (error instanceof PageError || error instanceof AuthorizationError) return undefined
    throw error
  }
}

function signInContext({ app, uiLocales, redirectUri }: AuthorizationRequest) {
  return { app, uiLocales, formTargets: formTargets(redirectUri) }
}
