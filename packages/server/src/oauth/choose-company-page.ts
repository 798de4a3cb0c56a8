import { html } from 'hono/html'
import { formTargets } from '../apps/redirect-uri.ts'
import type { PageContext } from '../http/environment.ts'
import { formToken } from '../http/form-token.ts'
import { accountFooter } from '../pages/account-footer.ts'
import { companyLogo, hiddenField, notice } from '../pages/components.ts'
import type { Language } from '../pages/languages.ts'
import { type MessageKey, say, sayRich } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { listLogoVersions } from '../store/queries/company-logos.ts'
import { listInstallations } from '../store/queries/installations.ts'
import type { MembershipWithCompany } from '../store/queries/memberships.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { profileLine } from './who-you-are.ts'

/** Which of their companies an app is for: radio buttons `company_id`, the hinted or last used one chosen. */
export async function showCompanyChooser(
  c: PageContext,
  request: AuthorizationRequest,
  memberships: readonly MembershipWithCompany[],
  { problem, search }: ChooserOptions = {},
) {
  const { app } = request
  const chosen = preselect(c, request, memberships)
  const logos = await listLogoVersions(
    c.var.runtime.store,
    memberships.map(({ company_id }) => company_id),
  )
  const installedAt = await findInstalled(c, request, memberships)
  const found = search === undefined ? memberships : memberships.filter(membership => matches(membership, search))
  const shown = found.length === 0 ? memberships : found
  const language = pageLanguage(c, request.uiLocales, chosen.locale)
  return showPage(c, {
    language,
    title: say(language, 'company.title'),
    status: problem ? 409 : 200,
    formTargets: formTargets(request.redirectUri),
    footer: accountFooter(c, language, `/oauth/authorize?${request.query}`),
    body: html`
<div class="who-asks">
<h1>${say(language, 'company.title')}</h1>
<p class="muted">${sayRich(language, 'company.intro', { app: app.name })}</p>
</div>
${problem ? notice(say(language, problem)) : ''}
${found.length === 0 ? notice(say(language, 'company.noneFound')) : ''}
<form method="post" action="/oauth/authorize/company">
${hiddenField('form_token', formToken(c))}
${hiddenField('request', request.query)}
${memberships.length > MANY ? searchField(language, search) : ''}
<fieldset class="choices">
<legend>${say(language, 'company.legend')}</legend>
${sorted(language, shown).map(membership => choice(language, membership, { chosen: membership === chosen, isInstalled: installedAt.has(membership.company_id), logo: logos.get(membership.company_id) }))}
</fieldset>
<div class="decide${memberships.length > MANY ? ' stays' : ''}">
<button type="submit">${say(language, 'company.submit')}</button>
<button type="submit" class="quiet" name="cancel" value="yes" formnovalidate>${say(language, 'consent.deny')}</button>
</div>
</form>`,
  })
}

/** With this many companies the page has a search field. */
const MANY = 8

export interface ChooserOptions {
  problem?: MessageKey | undefined
  /** Shows only companies whose name, domain or profile holds it. */
  search?: string | undefined
}

function searchField(language: Language, search: string | undefined) {
  return html`<div class="search">
<label><span class="sr-only">${say(language, 'company.search')}</span>
<input type="search" name="company_search" value="${search ?? ''}" placeholder="${say(language, 'company.search')}" autocomplete="off"></label>
<button type="submit" name="search" value="yes" class="quiet" formnovalidate>${say(language, 'company.searchSubmit')}</button>
</div>`
}

function matches({ company_name, company_domain, name, email }: MembershipWithCompany, search: string): boolean {
  const wanted = search.toLocaleLowerCase()
  return [company_name, company_domain, name, email].some(text => text.toLocaleLowerCase().includes(wanted))
}

function sorted(language: Language, memberships: readonly MembershipWithCompany[]): MembershipWithCompany[] {
  const { compare } = new Intl.Collator(language, { numeric: true })
  return memberships.toSorted((a, b) => compare(a.company_name, b.company_name))
}

async function findInstalled(
  c: PageContext,
  { app }: AuthorizationRequest,
  memberships: readonly MembershipWithCompany[],
): Promise<Set<number>> {
  const installations = await listInstallations(c.var.runtime.store, {
    companyIds: memberships.map(({ company_id }) => company_id),
    userId: c.var.signedIn!.user.user_id,
    clientId: app.clientId,
  })
  return new Set(installations.map(({ company_id }) => company_id))
}

interface ChoiceFacts {
  chosen: boolean
  isInstalled: boolean
  /** When its logo was set. */
  logo: number | undefined
}

function choice(language: Language, membership: MembershipWithCompany, { chosen, isInstalled, logo }: ChoiceFacts) {
  const { company_id, company_name, company_domain } = membership
  return html`<label><input type="radio" name="company_id" value="${company_id}" aria-labelledby="company-${company_id}" aria-describedby="profile-${company_id}" required${chosen ? html` checked` : ''}>
${companyLogo(company_id, logo)}<span><span class="name" id="company-${company_id}">${company_name}</span> <span class="small muted"><bdi>${company_domain}</bdi></span>
${isInstalled ? html`<span class="badge small">${say(language, 'company.installed')}</span>` : ''}
<span class="small profile" id="profile-${company_id}">${profileLine(language, membership)}</span></span></label>`
}

function preselect(
  c: PageContext,
  { companyId }: AuthorizationRequest,
  memberships: readonly MembershipWithCompany[],
): MembershipWithCompany {
  const find = (id: number | null | undefined) => memberships.find(({ company_id }) => company_id === id)
  return find(companyId) ?? find(c.var.signedIn!.user.last_company_id) ?? memberships[0]!
}

/** For someone who is signed in but active nowhere. */
export function showNoCompany(c: PageContext, request: AuthorizationRequest) {
  const { app } = request
  const language = pageLanguage(c, request.uiLocales, c.var.signedIn!.user.locale)
  return showPage(c, {
    language,
    title: say(language, 'company.none.title'),
    status: 403,
    formTargets: formTargets(request.redirectUri),
    footer: accountFooter(c, language, `/oauth/authorize?${request.query}`),
    body: html`
<div class="who-asks"><h1>${say(language, 'company.none.title')}</h1></div>
<p>${say(language, request.onlyCompanyId === undefined ? 'company.none.text' : 'company.notThere', { app: app.name })}</p>
<form method="post" action="/oauth/authorize/company">
${hiddenField('form_token', formToken(c))}
${hiddenField('request', request.query)}
<button type="submit" class="quiet" name="cancel" value="yes">${say(language, 'company.none.back', { app: app.name })}</button>
</form>`,
  })
}
