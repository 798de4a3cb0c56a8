import { html } from 'hono/html'
import type { App } from '../apps/apps.ts'
import { findLookAlikes } from '../apps/look-alikes.ts'
import { formTargets } from '../apps/redirect-uri.ts'
import { platformName } from '../config/brand.ts'
import type { PageContext } from '../http/environment.ts'
import { formToken } from '../http/form-token.ts'
import { accountFooter } from '../pages/account-footer.ts'
import { appMark, companyLogo, companyTile, hiddenField, notice } from '../pages/components.ts'
import type { Language } from '../pages/languages.ts'
import { type Fragment, type MessageKey, type MessageValues, say, sayRich } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { describeScope } from '../pages/scope-descriptions.ts'
import { scopeTexts } from '../resource-servers/scopes.ts'
import { listLogoVersions } from '../store/queries/company-logos.ts'
import type { MembershipWithCompany } from '../store/queries/memberships.ts'
import { setSessionCompany } from '../store/queries/sessions.ts'
import { storedScopes } from '../tokens/scopes.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { issueTicket } from './consent-ticket.ts'
import type { InstallFor, Leave } from './leave.ts'
import { whoYouAreThere } from './who-you-are.ts'

export interface ConsentOptions {
  /** Whether there is no other company to choose. */
  onlyCompany?: boolean
  problem?: { key: MessageKey; values?: MessageValues } | undefined
}

/**
 * Asks to allow the app at one company: buttons `decision` with `allow` and `deny`. Remembers in the session which
 * company this browser was shown last, so that an older page in another tab grants nothing.
 */
export async function showConsent(
  c: PageContext,
  { request, verdict, choices, own }: Leave,
  membership: MembershipWithCompany,
  { onlyCompany, problem }: ConsentOptions = {},
) {
  const { runtime, signedIn } = c.var
  const { app, query, scopes } = request
  const { company_id, company_name, company_domain } = membership
  if (signedIn!.session.company_id !== company_id) {
    await runtime.store.write([setSessionCompany(runtime.store, signedIn!.session.session_hash, company_id)])
  }
  const [alike] = app.verifiedAt === null ? await findLookAlikes(runtime, app) : []
  const logos = await listLogoVersions(runtime.store, [company_id])
  // Of an app that is installed, what it asks for beyond what it has.
  const served = verdict.outcome === 'allowed' ? verdict.served : undefined
  const installed = [own, served].filter(each => each !== undefined)
  const has = installed.flatMap(each => storedScopes(each.scopes))
  const isNew = (scope: string) => installed.length > 0 && !has.includes(scope)
  const texts = await scopeTexts(runtime, scopes)
  const language = pageLanguage(c, request.uiLocales, membership.locale)
  const title = say(language, 'consent.title', { app: app.name })
  return showPage(c, {
    language,
    title,
    status: problem ? 409 : 200,
    formTargets: formTargets(request.redirectUri),
    footer: accountFooter(c, language, `/oauth/authorize?${query}`),
    body: html`
<div class="who-asks">
${appMark(app)}
<h1>${title}</h1>
${app.maker ? html`<p class="muted small">${say(language, 'consent.maker', { maker: app.maker })}</p>` : ''}
${app.verifiedAt === null ? '' : html`<p class="small"><span class="badge">✓ ${say(language, 'consent.verified', { platform: platformName(runtime.settings) })}</span></p>`}
${appLinks(language, app)}
<p class="small"><a href="/oauth/authorize?${switchAccountQuery(request)}">${say(language, 'account.switch')}</a></p>
</div>
${problem ? notice(say(language, problem.key, problem.values)) : ''}
${originNotice(language, app)}
${alike ? notice(say(language, 'consent.lookAlike', { other: alike.name })) : ''}
${companyTile(say(language, 'consent.for'), { name: company_name, domain: company_domain, logo: companyLogo(company_id, logos.get(company_id)) }, whoYouAreThere(language, membership))}
<h2>${say(language, 'consent.mayDo')}</h2>
<ul class="can-do">${scopes.map(
      scope =>
        html`<li>${isNew(scope) ? html`<strong>${say(language, 'consent.new')}</strong> ` : ''}${describeScope(language, scope, texts)}</li>`,
    )}</ul>
${destinationNote(language, request)}
<form method="post" action="/oauth/authorize/consent">
${hiddenField('form_token', formToken(c))}
${hiddenField('request', query)}
${hiddenField('ticket', issueTicket(c, request, company_id, choices))}
${installChoice(language, choices, company_name)}
<div class="decide">
<button type="submit" name="decision" value="allow">${say(language, 'consent.allow')}</button>
<button type="submit" name="decision" value="deny" class="quiet">${say(language, 'consent.deny')}</button>
</div>
</form>
${onlyCompany ? '' : html`<p class="small"><a href="/oauth/authorize?${query}">${say(language, 'consent.otherCompany')}</a></p>`}`,
  })
}

/** An administrator can install some apps for everyone; only for themself unless they say so. */
function installChoice(language: Language, choices: readonly InstallFor[], company: string): Fragment | string {
  if (!choices.includes('company')) return ''
  const note = html`<p class="small">${say(language, 'consent.forCompany.text', { company })}</p>`
  if (!choices.includes('me')) {
    return html`${hiddenField('install_for', 'company')}<p><strong>${say(language, 'consent.forCompany', { company })}</strong></p>${note}`
  }
  return html`<fieldset class="choices"><legend>${say(language, 'consent.installFor')}</legend>
<label><input type="radio" name="install_for" value="me" checked><span>${say(language, 'consent.forMe')}</span></label>
<label><input type="radio" name="install_for" value="company"><span>${say(language, 'consent.forCompany', { company })}</span></label>
</fieldset>${note}`
}

/** Where an app comes from that no operator has registered, nor verified since. */
function originNotice(language: Language, app: App): Fragment | string {
  if (app.verifiedAt !== null) return ''
  if (app.documentExpiresAt !== null) {
    return notice(say(language, 'consent.fromDocument', { host: new URL(app.clientId).host }))
  }
  return app.registrationTokenHash === null ? '' : notice(say(language, 'consent.selfRegistered'))
}

/** The app's own pages: its home by the host, since a text could say anything. */
function appLinks(language: Language, { homeUrl, privacyUrl, termsUrl }: App): Fragment | string {
  const links = [
    [homeUrl, homeUrl === null ? '' : new URL(homeUrl).host],
    [privacyUrl, say(language, 'brand.privacy')],
    [termsUrl, say(language, 'brand.terms')],
  ] as const
  const given = links.filter(([url]) => url !== null)
  if (given.length === 0) return ''
  return html`<p class="small app-links">${given.map(([url, text]) => html`<a href="${url}" rel="noreferrer"><bdi>${text}</bdi></a> `)}</p>`
}

/** Where the person goes afterwards; on their own device any program can be waiting there. */
function destinationNote(language: Language, { redirectUri, device }: AuthorizationRequest) {
  if (device) return html`<p class="notice">${say(language, 'consent.device')}</p>`
  const host = destination(redirectUri)
  const { protocol, hostname } = new URL(redirectUri)
  if (protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname)) {
    return html`<p class="notice">${say(language, 'consent.loopback', { host })}</p>`
  }
  return html`<p class="small muted">${sayRich(language, 'consent.destination', { host })}</p>`
}

function switchAccountQuery({ query }: AuthorizationRequest): string {
  return [...query.split('&').filter(pair => !/^prompt=/.test(pair)), 'prompt=select_account'].join('&')
}

/** The host that the person is sent to, or the scheme of an app on their device. */
function destination(redirectUri: string): string {
  const { host, protocol } = new URL(redirectUri)
  return /^https?:$/.test(protocol) ? host : protocol
}
