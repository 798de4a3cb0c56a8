import { html } from 'hono/html'
import { MAX_REASON } from '../apps/app-requests.ts'
import type { Verdict } from '../apps/app-verdict.ts'
import { formTargets } from '../apps/redirect-uri.ts'
import type { PageContext } from '../http/environment.ts'
import { formToken } from '../http/form-token.ts'
import { accountFooter } from '../pages/account-footer.ts'
import { appMark, companyTile, hiddenField } from '../pages/components.ts'
import type { Language } from '../pages/languages.ts'
import { type Fragment, type MessageKey, say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import type { AppRequestRow } from '../store/queries/app-policies.ts'
import type { MembershipWithCompany } from '../store/queries/memberships.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { issueTicket } from './consent-ticket.ts'
import { whoYouAreThere } from './who-you-are.ts'

/** Says why an app cannot be allowed at a company, and what happens next: asking an administrator, where that is possible. */
export function showNotAllowed(
  c: PageContext,
  request: AuthorizationRequest,
  membership: MembershipWithCompany,
  verdict: Exclude<Verdict, { outcome: 'allowed' }>,
) {
  const { app, query } = request
  const { company_name, company_domain, company_id } = membership
  const language = pageLanguage(c, request.uiLocales, membership.locale)
  const values = { app: app.name, company: company_name }
  const { outcome } = verdict
  const isFinal = outcome === 'blocked' || outcome === 'private'
  const title = say(language, isFinal ? 'policy.blocked.title' : 'policy.ask.title', values)
  return showPage(c, {
    language,
    title,
    status: 403,
    formTargets: formTargets(request.redirectUri),
    footer: accountFooter(c, language, `/oauth/authorize?${query}`),
    body: html`
<div class="who-asks">
${appMark(app)}
<h1>${title}</h1>
</div>
${companyTile(say(language, 'consent.for'), { name: company_name, domain: company_domain }, whoYouAreThere(language, membership))}
${
  outcome === 'blocked' || outcome === 'private'
    ? html`<p>${say(language, outcome === 'blocked' ? 'policy.blocked.text' : 'policy.private.text', values)}</p>`
    : html`<p>${say(language, stateOf(verdict), { ...values, date: dateOf(language, membership, verdict.request) })}</p>
${askForm(c, language, request, company_id, verdict.request)}`
}
<form method="post" action="/oauth/authorize/company">
${hiddenField('form_token', formToken(c))}
${hiddenField('request', query)}
<button type="submit" class="quiet" name="cancel" value="yes">${say(language, 'company.none.back', { app: app.name })}</button>
</form>`,
  })
}

function stateOf({ outcome, request }: Exclude<Verdict, { outcome: 'allowed' | 'blocked' | 'private' }>): MessageKey {
  if (request?.decision === 'refused') return 'policy.refused'
  if (request && request.decision === null) return 'policy.asked'
  return outcome === 'install' ? 'policy.install.text' : 'policy.ask.text'
}

function dateOf(language: Language, { timezone }: MembershipWithCompany, request: AppRequestRow | undefined): string {
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: timezone ?? 'UTC' })
  return request ? format.format(request.decided_at ?? request.requested_at) : ''
}

/** Nothing more to do while a request is open. */
function askForm(
  c: PageContext,
  language: Language,
  request: AuthorizationRequest,
  companyId: number,
  asked: AppRequestRow | undefined,
): Fragment | string {
  if (asked && asked.decision === null) return ''
  return html`<form method="post" action="/oauth/authorize/ask">
${hiddenField('form_token', formToken(c))}
${hiddenField('request', request.query)}
${hiddenField('ticket', issueTicket(c, request, companyId))}
<label>${say(language, 'policy.reason')}
<textarea name="reason" rows="3" maxlength="${MAX_REASON}" required></textarea></label>
<button type="submit">${say(language, 'policy.ask.submit')}</button>
</form>`
}
