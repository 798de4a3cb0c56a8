import { countRefusal } from '../audit/refusals.ts'
import type { PageContext, PageHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { asciiQuery, rawQuery } from '../http/raw-query.ts'
import { PageError } from '../pages/error-page.ts'
import type { ConsentAcceptance } from '../sign-in/external/answer.ts'
import { isRejection, redeemAnswer } from '../sign-in/external/redeem.ts'
import type { InstallationRow } from '../store/queries/installations.ts'
import { forgetLeavingOut } from '../store/queries/member-access.ts'
import type { MembershipWithCompany } from '../store/queries/memberships.ts'
import { requireSessionCompany } from '../store/queries/sessions.ts'
import { type Statement, WriteConflict, writeUnlessConflict } from '../store/store.ts'
import { isSubset, storedScopes } from '../tokens/scopes.ts'
import { listActiveMemberships } from './active-memberships.ts'
import { askForConsent } from './ask-for-consent.ts'
import { AuthorizationError, respondDenied, respondWithCode, respondWithError } from './authorization-answer.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { askForCompany } from './authorize.ts'
import type { ConsentOptions } from './consent-page.ts'
import { companyOfTicket, readTicket, splitConsentQuery } from './consent-ticket.ts'
import { installAndGrantCode } from './grant-code.ts'
import { installForCompany } from './install-for-company.ts'
import { findLeaveAt, type InstallFor, type MemberLeave, requestAt } from './leave.ts'
import { readAuthorizationRequest } from './limited-request.ts'
import { showNotAllowed } from './not-allowed-page.ts'

/** `GET /oauth/authorize/consent`: the consent page for the company that was chosen. */
export const consentForm: PageHandler = async c => {
  const { query, ticket: ticketText } = splitConsentQuery(asciiQuery(rawQuery(c.req.url)))
  if (!c.var.signedIn) return c.redirect(`/oauth/authorize?${query}`, 303)
  const asked = await readAuthorizationRequest(c, query)
  const companyId = companyOfTicket(ticketText)
  const request = await requestAt(c, asked, companyId, await findLeaveAt(c, asked, companyId))
  const ticket = readTicket(c, request, ticketText)
  if (!ticket?.fits) return c.redirect(`/oauth/authorize?${request.query}`, 303)
  return consentFor(c, request, ticket.companyId)
}

/** `POST /oauth/authorize/consent`: answers exactly the request, scopes and company that were shown. */
export const consent: PageHandler = async c => {
  const form = await readForm(c)
  const query = asciiQuery(form.get('request') ?? '')
  if (!c.var.signedIn) return c.redirect(`/oauth/authorize?${query}`, 303)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const ticketText = form.get('ticket') ?? ''
  const asked = await readAuthorizationRequest(c, query)
  const decision = form.get('decision')
  if (decision === 'deny') {
    countRefusal(c.var.runtime, 'consent.denied')
    return respondDenied(c, asked)
  }
  const companyId = companyOfTicket(ticketText)
  const leave = await findLeaveAt(c, asked, companyId)
  const request = await requestAt(c, asked, companyId, leave)
  const ticket = readTicket(c, request, ticketText)
  const installFor = readInstallFor(form.get('install_for') ?? 'me')
  if (decision !== 'allow' || !ticket) throw new PageError(400, 'error.formExpired')
  if (!ticket.fits || !ticket.offered.includes(installFor))
    return consentFor(c, request, ticket.companyId, { problem: { key: 'consent.stale' } })
  if (c.var.signedIn.session.company_id !== ticket.companyId) return showSwitched(c, request, ticket.companyId)
  const stillShown = requireSessionCompany(c.var.runtime.store, c.var.signedIn.session.session_hash, ticket.companyId)
  return allow(c, request, ticket.companyId, { installFor, condition: stillShown }, leave)
}

/** `GET /oauth/authorize/return`: the person comes back from the platform's own consent page. */
export const consentReturn: PageHandler = async c => {
  const { settings, store } = c.var.runtime
  const redeemed = await redeemAnswer(c, {
    kind: 'consent',
    publicKeys: settings.consent?.publicKeys,
    browserSecret: c.var.signedIn?.sessionId,
  })
  if (!('use' in redeemed)) return c.redirect(redeemed.returnTo, 303)
  const { challenge, answer, use } = redeemed
  const request = await readAuthorizationRequest(c, rawQuery(challenge.returnTo))
  if (isRejection(answer)) {
    if (!(await writeUnlessConflict(store, [use]))) return c.redirect(challenge.returnTo, 303)
    countRefusal(c.var.runtime, 'consent.denied')
    return respondWithError(c, new AuthorizationError(request, answer.error, answer.error_description))
  }
  const { scopes = request.scopes, install_for: installFor = 'me' } = answer as ConsentAcceptance
  return allow(
    c,
    { ...request, scopes: scopes.filter(scope => request.scopes.includes(scope)) },
    challenge.companyId!,
    { installFor, condition: use },
  )
}

/** How often consent is decided again when the same app is being installed or removed at the same moment. */
const ROUNDS = 3

/** What the person agreed to. */
interface Agreed {
  installFor: InstallFor
  /** That it is still what they see. */
  condition: Statement
}

/** @param known what was found just before: what it rests on is a condition of the commit */
async function allow(
  c: PageContext,
  asked: AuthorizationRequest,
  companyId: number,
  agreed: Agreed,
  known?: MemberLeave,
) {
  for (let round = 1; ; round++) {
    const leave = round === 1 && known ? known : await findLeaveAt(c, asked, companyId)
    if (!leave) return askForCompany(c, asked, 'consent.membershipEnded')
    const { membership, request, verdict, choices, own } = leave
    if (verdict.outcome !== 'allowed') return showNotAllowed(c, request, membership, verdict)
    if (!choices.includes(agreed.installFor)) {
      return consentFor(c, request, companyId, { problem: { key: 'consent.stale' } })
    }
    try {
      const conditions = [agreed.condition, ...verdict.conditions]
      const code =
        agreed.installFor === 'company'
          ? await installForCompany(c, request, membership, conditions)
          : await installForMe(c, request, membership, { served: verdict.served, own, conditions })
      return respondWithCode(c, request, code)
    } catch (error) {
      if (!(error instanceof WriteConflict)) throw error
      if (round === ROUNDS) return consentFor(c, request, companyId, { problem: { key: 'consent.stale' } })
    }
  }
}

interface FoundForMe {
  /** The company's installation, if it serves them. */
  served: InstallationRow | undefined
  own: InstallationRow | undefined
  conditions: readonly Statement[]
}

/** For a member whom the company's installation serves, within that; otherwise as their own. */
async function installForMe(
  c: PageContext,
  request: AuthorizationRequest,
  { company_id, user_id }: MembershipWithCompany,
  { served, own, conditions }: FoundForMe,
): Promise<string> {
  const { store } = c.var.runtime
  const key = { company_id, user_id, client_id: request.app.clientId }
  const isWithin = served !== undefined && isSubset(request.scopes, storedScopes(served.scopes))
  const kind = isWithin && own?.kind !== 'user' ? ('member' as const) : ('user' as const)
  // They have left it out before, maybe: now they want it.
  const returns = served || request.app.install !== 'user' ? [forgetLeavingOut(store, key)] : []
  return installAndGrantCode(c, request, company_id, { kind, before: own, conditions: [...conditions, ...returns] })
}

function readInstallFor(text: string): InstallFor {
  if (text === 'me' || text === 'company') return text
  throw new PageError(400, 'error.formExpired')
}

async function consentFor(
  c: PageContext,
  request: AuthorizationRequest,
  companyId: number,
  options: ConsentOptions = {},
) {
  const memberships = await listActiveMemberships(c, request)
  const membership = memberships.find(candidate => candidate.company_id === companyId)
  if (!membership) return askForCompany(c, request, 'consent.membershipEnded')
  return askForConsent(c, request, membership, { onlyCompany: memberships.length === 1, ...options })
}

/** Another tab showed another company since: what the person has in mind is not certain, so nothing is granted. */
async function showSwitched(c: PageContext, request: AuthorizationRequest, companyId: number) {
  const [chosen, other] = await Promise.all([
    findChosen(c, request, companyId),
    findChosen(c, request, c.var.signedIn!.session.company_id),
  ])
  const problem =
    chosen && other
      ? { key: 'consent.switched' as const, values: { company: chosen.company_name, other: other.company_name } }
      : { key: 'consent.stale' as const }
  return consentFor(c, request, companyId, { problem })
}

async function findChosen(
  c: PageContext,
  request: AuthorizationRequest,
  companyId: number | null,
): Promise<MembershipWithCompany | undefined> {
  return (await listActiveMemberships(c, request)).find(membership => membership.company_id === companyId)
}
