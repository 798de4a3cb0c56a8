import type { PageContext } from '../http/environment.ts'
import { redirectTo } from '../sign-in/external/ask.ts'
import { issueChallenge } from '../sign-in/external/challenge.ts'
import type { MembershipWithCompany } from '../store/queries/memberships.ts'
import { WriteConflict } from '../store/store.ts'
import { respondWithCode } from './authorization-answer.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { type ConsentOptions, showConsent } from './consent-page.ts'
import { findLeave, type Leave } from './leave.ts'
import { showNotAllowed } from './not-allowed-page.ts'
import { serveMember } from './serve-member.ts'

/**
 * Asks to allow the app at one company, if that lets its members: on our page, or on the platform's own where it has one. Whom the
 * company's own installation serves is not asked.
 */
export async function askForConsent(
  c: PageContext,
  asked: AuthorizationRequest,
  membership: MembershipWithCompany,
  options: ConsentOptions = {},
) {
  const { settings } = c.var.runtime
  const leave = await findLeave(c, asked, membership)
  const { request, verdict, choices } = leave
  if (verdict.outcome !== 'allowed') return showNotAllowed(c, request, membership, verdict)
  const code = options.problem ? undefined : await serveOnce(c, leave, membership.company_id)
  if (code === 'changed') return askForConsent(c, asked, membership, { ...options, problem: { key: 'consent.stale' } })
  if (code) return respondWithCode(c, request, code.given)
  if (!settings.consent) return showConsent(c, leave, membership, options)
  const { sessionId, user } = c.var.signedIn!
  const challenge = issueChallenge(c.var.runtime, sessionId, {
    kind: 'consent',
    returnTo: `/oauth/authorize?${request.query}`,
    clientId: request.app.clientId,
    userId: user.user_id,
    companyId: membership.company_id,
    scopes: request.scopes,
    installFor: choices,
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

async function serveOnce(c: PageContext, leave: Leave, companyId: number) {
  try {
    const given = await serveMember(c, leave, companyId)
    return given === undefined ? undefined : { given }
  } catch (error) {
    if (error instanceof WriteConflict) return 'changed'
    throw error
  }
}
