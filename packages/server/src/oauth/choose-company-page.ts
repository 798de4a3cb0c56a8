import { html } from 'hono/html'
import { formTargets } from '../apps/redirect-uri.ts'
import type { RequestContext } from '../http/environment.ts'
import { formToken } from '../http/form-token.ts'
import { accountFooter } from '../pages/account-footer.ts'
import { appMark, hiddenField, notice } from '../pages/components.ts'
import { type MessageKey, say, sayRich } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import type { MembershipWithCompany } from '../store/queries/memberships.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

/** Which of their companies an app is for: radio buttons `company_id`, the hinted or last used one chosen. */
export function showCompanyChooser(
  c: RequestContext,
  request: AuthorizationRequest,
  memberships: readonly MembershipWithCompany[],
  problem?: MessageKey,
) {
  const { app } = request
  const chosen = preselect(c, request, memberships)
  const language = pageLanguage(c, request.uiLocales, chosen.locale)
  return showPage(c, {
    language,
    title: say(language, 'company.title'),
    status: problem ? 409 : 200,
    formTargets: formTargets(request.redirectUri),
    footer: accountFooter(c, language, `/oauth/authorize?${request.query}`),
    body: html`
<div class="who-asks">
${appMark(app)}
<h1>${say(language, 'company.title')}</h1>
<p class="muted">${sayRich(language, 'company.intro', { app: app.name })}</p>
</div>
${problem ? notice(say(language, problem)) : ''}
<form method="post" action="/oauth/authorize/company">
${hiddenField('form_token', formToken(c))}
${hiddenField('request', request.query)}
<fieldset class="choices">
<legend>${say(language, 'company.legend')}</legend>
${memberships.map(membership => choice(membership, membership === chosen))}
</fieldset>
<div class="decide">
<button type="submit">${say(language, 'company.submit')}</button>
<button type="submit" class="quiet" name="cancel" value="yes" formnovalidate>${say(language, 'consent.deny')}</button>
</div>
</form>`,
  })
}

function choice({ company_id, company_name, company_domain }: MembershipWithCompany, chosen: boolean) {
  return html`<label><input type="radio" name="company_id" value="${company_id}" required${chosen ? html` checked` : ''}>
<span><span class="name">${company_name}</span> <span class="small muted"><bdi>${company_domain}</bdi></span></span></label>`
}

function preselect(
  c: RequestContext,
  { companyId }: AuthorizationRequest,
  memberships: readonly MembershipWithCompany[],
): MembershipWithCompany {
  const find = (id: number | null | undefined) => memberships.find(({ company_id }) => company_id === id)
  return find(companyId) ?? find(c.var.signedIn!.user.last_company_id) ?? memberships[0]!
}

/** For someone who is signed in but active nowhere. */
export function showNoCompany(c: RequestContext, request: AuthorizationRequest) {
  const { app } = request
  const language = pageLanguage(c, request.uiLocales, c.var.signedIn!.user.locale)
  return showPage(c, {
    language,
    title: say(language, 'company.none.title'),
    status: 403,
    formTargets: formTargets(request.redirectUri),
    footer: accountFooter(c, language, `/oauth/authorize?${request.query}`),
    body: html`
<div class="who-asks">${appMark(app)}<h1>${say(language, 'company.none.title')}</h1></div>
<p>${say(language, 'company.none.text', { app: app.name })}</p>
<form method="post" action="/oauth/authorize/company">
${hiddenField('form_token', formToken(c))}
${hiddenField('request', request.query)}
<button type="submit" class="quiet" name="cancel" value="yes">${say(language, 'company.none.back', { app: app.name })}</button>
</form>`,
  })
}
