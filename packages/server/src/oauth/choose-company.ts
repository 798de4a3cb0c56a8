import type { PageHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { asciiQuery } from '../http/raw-query.ts'
import { PageError } from '../pages/error-page.ts'
import { listActiveMemberships } from './active-memberships.ts'
import { respondDenied } from './authorization-answer.ts'
import { askForCompany } from './authorize.ts'
import { showCompanyChooser } from './choose-company-page.ts'
import { consentPath, issueTicket } from './consent-ticket.ts'
import { findLeave } from './leave.ts'
import { readAuthorizationRequest } from './limited-request.ts'

/** `POST /oauth/authorize/company`: field `company_id`, or the button `cancel`; leads to the consent page. */
export const chooseCompany: PageHandler = async c => {
  const form = await readForm(c)
  const query = asciiQuery(form.get('request') ?? '')
  if (!c.var.signedIn) return c.redirect(`/oauth/authorize?${query}`, 303)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const request = await readAuthorizationRequest(c, query)
  if (form.has('cancel')) return respondDenied(c, request)
  const memberships = await listActiveMemberships(c, request)
  if (form.has('search') && memberships.length > 0) {
    return showCompanyChooser(c, request, memberships, { search: form.get('company_search') })
  }
  const chosen = memberships.find(membership => String(membership.company_id) === form.get('company_id'))
  if (!chosen) return askForCompany(c, request, 'consent.membershipEnded')
  const { request: within } = await findLeave(c, request, chosen)
  return c.redirect(consentPath(within, issueTicket(c, within, chosen.company_id)), 303)
}
