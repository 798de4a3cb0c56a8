import { askForApp } from '../apps/app-requests.ts'
import { NotFoundError } from '../companies/input.ts'
import { actingAs } from '../http/acting.ts'
import type { PageHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { asciiQuery } from '../http/raw-query.ts'
import { PageError } from '../pages/error-page.ts'
import { listActiveMemberships } from './active-memberships.ts'
import { askForConsent } from './ask-for-consent.ts'
import { askForCompany } from './authorize.ts'
import { companyOfTicket, readTicket } from './consent-ticket.ts'
import { findLeaveAt, requestAt } from './leave.ts'
import { readAuthorizationRequest } from './limited-request.ts'

/** `POST /oauth/authorize/ask`: field `reason`. A member asks an administrator to let them allow the app that the page showed. */
export const askAdministrator: PageHandler = async c => {
  const form = await readForm(c)
  const query = asciiQuery(form.get('request') ?? '')
  const { signedIn } = c.var
  if (!signedIn) return c.redirect(`/oauth/authorize?${query}`, 303)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const ticketText = form.get('ticket') ?? ''
  const companyId = companyOfTicket(ticketText)
  const asked = await readAuthorizationRequest(c, query)
  const leave = await findLeaveAt(c, asked, companyId)
  const request = await requestAt(c, asked, companyId, leave)
  if (!leave) return askForCompany(c, request, 'consent.membershipEnded')
  const { membership, verdict } = leave
  if ((verdict.outcome === 'ask' || verdict.outcome === 'install') && readTicket(c, request, ticketText)?.fits) {
    const key = { company_id: companyId, user_id: signedIn.user.user_id, client_id: request.app.clientId }
    const wish = { scopes: request.scopes, reason: form.get('reason')?.trim() ?? '' }
    await askForApp(actingAs(c, 'user', key.user_id), key, wish).catch(error => {
      // No member any more: the page says so.
      if (!(error instanceof NotFoundError)) throw error
    })
  }
  const memberships = await listActiveMemberships(c, request)
  return askForConsent(c, request, membership, { onlyCompany: memberships.length === 1 })
}
