import { countRefusal } from '../audit/refusals.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { asciiQuery, rawQuery } from '../http/raw-query.ts'
import { PageError } from '../pages/error-page.ts'
import type { MembershipWithCompany } from '../store/queries/memberships.ts'
import { requireSessionCompany } from '../store/queries/sessions.ts'
import { WriteConflict } from '../store/store.ts'
import { listActiveMemberships } from './active-memberships.ts'
import { respondDenied, respondWithCode } from './authorization-answer.ts'
import { type AuthorizationRequest, checkAuthorizationRequest } from './authorization-request.ts'
import { askForCompany } from './authorize.ts'
import { type ConsentOptions, showConsent } from './consent-page.ts'
import { readTicket, splitConsentQuery } from './consent-ticket.ts'
import { installAndGrantCode } from './grant-code.ts'

/** `GET /oauth/authorize/consent`: the consent page for the company that was chosen. */
export const consentForm: RouteHandler = async c => {
  const { query, ticket: ticketText } = splitConsentQuery(asciiQuery(rawQuery(c.req.url)))
  if (!c.var.signedIn) return c.redirect(`/oauth/authorize?${query}`, 303)
  const request = await checkAuthorizationRequest(c.var.runtime, query)
  const ticket = readTicket(c, request, ticketText)
  if (!ticket?.fits) return c.redirect(`/oauth/authorize?${request.query}`, 303)
  return consentFor(c, request, ticket.companyId)
}

/** `POST /oauth/authorize/consent`: answers exactly the request, scopes and company that were shown. */
export const consent: RouteHandler = async c => {
  const form = await readForm(c)
  const query = asciiQuery(form.get('request') ?? '')
  if (!c.var.signedIn) return c.redirect(`/oauth/authorize?${query}`, 303)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const request = await checkAuthorizationRequest(c.var.runtime, query)
  const decision = form.get('decision')
  if (decision === 'deny') {
    countRefusal(c.var.runtime, 'consent.denied')
    return respondDenied(c, request)
  }
  const ticket = readTicket(c, request, form.get('ticket') ?? '')
  if (decision !== 'allow' || !ticket) throw new PageError(400, 'error.formExpired')
  if (!ticket.fits) return consentFor(c, request, ticket.companyId, { problem: { key: 'consent.stale' } })
  if (c.var.signedIn.session.company_id !== ticket.companyId) return showSwitched(c, request, ticket.companyId)
  return allow(c, request, ticket.companyId)
}

/** How often consent is decided again when the same app is being installed or removed at the same moment. */
const ROUNDS = 3

async function allow(c: RequestContext, request: AuthorizationRequest, companyId: number) {
  const { store } = c.var.runtime
  const stillShown = requireSessionCompany(store, c.var.signedIn!.session.session_hash, companyId)
  for (let round = 1; ; round++) {
    const membership = await findChosen(c, companyId)
    if (!membership) return askForCompany(c, request, 'consent.membershipEnded')
    try {
      return respondWithCode(c, request, await installAndGrantCode(c, request, companyId, [stillShown]))
    } catch (error) {
      if (!(error instanceof WriteConflict)) throw error
      if (round === ROUNDS) return consentFor(c, request, companyId, { problem: { key: 'consent.stale' } })
    }
  }
}

async function consentFor(
  c: RequestContext,
  request: AuthorizationRequest,
  companyId: number,
  options: ConsentOptions = {},
) {
  const memberships = await listActiveMemberships(c)
  const membership = memberships.find(candidate => candidate.company_id === companyId)
  if (!membership) return askForCompany(c, request, 'consent.membershipEnded')
  return showConsent(c, request, membership, { onlyCompany: memberships.length === 1, ...options })
}

/** Another tab showed another company since: what the person has in mind is not certain, so nothing is granted. */
async function showSwitched(c: RequestContext, request: AuthorizationRequest, companyId: number) {
  const [chosen, other] = await Promise.all([
    findChosen(c, companyId),
    findChosen(c, c.var.signedIn!.session.company_id),
  ])
  const problem =
    chosen && other
      ? { key: 'consent.switched' as const, values: { company: chosen.company_name, other: other.company_name } }
      : { key: 'consent.stale' as const }
  return consentFor(c, request, companyId, { problem })
}

async function findChosen(c: RequestContext, companyId: number | null): Promise<MembershipWithCompany | undefined> {
  return (await listActiveMemberships(c)).find(membership => membership.company_id === companyId)
}
