import type { RequestContext } from '../http/environment.ts'
import { redirectTo } from '../sign-in/external/ask.ts'
import { issueChallenge } from '../sign-in/external/challenge.ts'
import type { MembershipWithCompany } from '../store/queries/memberships.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { type ConsentOptions, showConsent } from './consent-page.ts'
import { showNotAllowed } from './not-allowed-page.ts'
import { judge, withinPolicy } from './within-policy.ts'

/** Asks to allow the app at one company, if that lets its members: on our page, or on the platform's own where it has one. */
export async function askForConsent(
  c: RequestContext,
  asked: AuthorizationRequest,
  membership: MembershipWithCompany,
  options: ConsentOptions = {},
) {
  const { settings } = c.var.runtime
  const request = withinPolicy(asked, membership.company_blocked_scopes)
  const verdict = await judge(c, request, membership)
  if (verdict.outcome !== 'allowed') return showNotAllowed(c, request, membership, verdict)
  if (!settings.consent) return showConsent(c, request, membership, options)
  const { sessionId, user } = c.var.signedIn!
  const challenge = issueChallenge(c.var.runtime, sessionId, {
    kind: 'consent',
    returnTo: `/oauth/authorize?${request.query}`,
    clientId: request.app.clientId,
    userId: user.user_id,
    companyId: membership.company_id,
    scopes: request.scopes,
    uiLocales: request.uiLocales,
  })
  return redirectTo(c, settings.consent.url, {
    consent_challenge: challenge,
    client_id: request.app.clientId,
    company_id: String(membership.company_id),
    scope: request.scopes.join(' '),
    ui_locales: request.uiLocales,
  })
}
