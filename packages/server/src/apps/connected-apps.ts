import { html } from 'hono/html'
import { actingAs } from '../http/acting.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { formToken } from '../http/form-token.ts'
import { accountFooter } from '../pages/account-footer.ts'
import { appMark, hiddenField, notice } from '../pages/components.ts'
import type { Language } from '../pages/languages.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { describeScope } from '../pages/scope-descriptions.ts'
import type { ScopeTexts } from '../resource-servers/resource-server.ts'
import { scopeTexts } from '../resource-servers/scopes.ts'
import { findApp } from '../store/queries/apps.ts'
import { listInstallations } from '../store/queries/installations.ts'
import { findLastUses, type LastUses, lastUseKey } from '../store/queries/last-uses.ts'
import { isInForce, listMembershipsOfUser, type MembershipWithCompany } from '../store/queries/memberships.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { leaveOut } from './company-installations.ts'
import { removeInstallation } from './installations.ts'
import { narrowingPath } from './narrow-connected-app.ts'
import { ownInstallation } from './own-installation.ts'
import { type ConnectedApp, listServed } from './served-apps.ts'

const PATH = '/connected-apps'

/** `GET /connected-apps`: what the signed-in user allowed, for which company, since when, and what it may do. */
export const connectedApps: RouteHandler = c => showConnectedApps(c)

/** `POST /connected-apps/remove`: fields `client_id`, `company_id`. */
export const removeConnectedApp: RouteHandler = async c => {
  const form = await readForm(c)
  if (!c.var.signedIn) return c.redirect(PATH, 303)
  const key = ownInstallation(c, form)
  const runtime = actingAs(c, 'user', key.user_id)
  // Where the company has installed it, it would come back unasked: then it is left out.
  const removed = (await leaveOut(runtime, key)) || (await removeInstallation(runtime, key))
  const query = new URLSearchParams({ removed: key.client_id, company_id: String(key.company_id) })
  return c.redirect(removed ? `${PATH}?${query}` : PATH, 303)
}

async function showConnectedApps(c: RequestContext) {
  const { runtime, signedIn } = c.var
  const user = signedIn!.user
  const memberships = await listMembershipsOfUser(runtime.store, user.user_id)
  const companyIds = memberships.map(membership => membership.company_id)
  const own = await listInstallations(runtime.store, { companyIds, userId: user.user_id })
  const served = await listServed(runtime, user.user_id, memberships)
  const installations = [...own.map(each => ({ ...each, served: served.of(each) })), ...served.unopenedBeside(own)]
  const lastUses = await findLastUses(runtime.store, user.user_id, companyIds)
  const texts = await scopeTexts(
    runtime,
    installations.flatMap(({ scopes }) => storedScopes(scopes)),
  )
  const last = memberships.find(membership => membership.company_id === user.last_company_id) ?? memberships[0]
  const language = pageLanguage(c, undefined, last?.locale ?? user.locale)
  const timezone = last?.timezone ?? 'UTC'
  return showPage(c, {
    language,
    title: say(language, 'connected.title'),
    wide: true,
    footer: accountFooter(c, language, '/sign-in'),
    body: html`<h1>${say(language, 'connected.title')}</h1>
${await removalNotice(c, language, memberships)}
<p class="muted">${say(language, installations.length > 0 ? 'connected.intro' : 'connected.none')}</p>
${consoleLinks(language, memberships)}
${groupByApp(language, installations).map(group => appSection(c, language, timezone, group, { lastUses, texts }))}`,
  })
}

/** The way to the person's own account, and to what a company's administrators decide. */
function consoleLinks(language: Language, memberships: readonly MembershipWithCompany[]) {
  const administered = memberships.filter(each => each.is_admin === 1 && isInForce(each))
  return html`<p class="small app-links"><a href="/account">${say(language, 'account.title')}</a> ${administered.map(
    ({ company_id, company_name }) =>
      html`<a href="/company/${company_id}">${say(language, 'console.open', { company: company_name })}</a> `,
  )}</p>`
}

/** Names only what the user knows anyway: a company of theirs, and never one that the address merely numbers. */
async function removalNotice(c: RequestContext, language: Language, memberships: readonly MembershipWithCompany[]) {
  const app = await findApp(c.var.runtime.store, queryParameter(c, 'removed') ?? '')
  const membership = memberships.find(({ company_id }) => String(company_id) === queryParameter(c, 'company_id'))
  if (!app || !membership) return ''
  return notice(say(language, 'connected.removed', { app: app.name, company: membership.company_name }))
}

/** An app with the companies where it is installed, both in the order of their names. */
function groupByApp(language: Language, installations: readonly ConnectedApp[]): ConnectedApp[][] {
  const { compare } = new Intl.Collator(language, { numeric: true })
  const groups = [...Map.groupBy(installations, ({ client_id }) => client_id).values()]
  return groups
    .map(group => group.toSorted((a, b) => compare(a.company_name, b.company_name)))
    .sort(([a], [b]) => compare(a!.app_name, b!.app_name))
}

/** What is shown of installations beside themselves. */
interface Facts {
  lastUses: LastUses
  /** What scopes allow in words. */
  texts: Record<string, ScopeTexts>
}

function appSection(
  c: RequestContext,
  language: Language,
  timezone: string,
  group: readonly ConnectedApp[],
  facts: Facts,
) {
  const { client_id, app_name, app_maker, app_has_icon } = group[0]!
  return html`<section class="app">
<div class="installation-head">
${appMark({ clientId: client_id, name: app_name, hasIcon: app_has_icon === 1 })}
<div><h2>${app_name}</h2>
${app_maker ? html`<p class="muted small">${say(language, 'consent.maker', { maker: app_maker })}</p>` : ''}</div>
</div>
<ul class="installations">
${group.map(installation => installationAt(c, language, timezone, installation, facts))}
</ul>
</section>`
}

/** Nothing to take back where there is one scope: the app is removed instead. */
function changeLink(language: Language, { client_id, company_id, scopes, served }: ConnectedApp): Fragment | string {
  if (storedScopes(served?.scopes ?? scopes).length < 2) return ''
  return html`<p class="small"><a href="${narrowingPath(client_id, company_id)}">${say(language, 'connected.change')}</a></p>`
}

function installationAt(
  c: RequestContext,
  language: Language,
  timezone: string,
  installation: ConnectedApp,
  { lastUses, texts }: Facts,
) {
  const { app_name, company_name, company_domain, served } = installation
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: timezone })
  const lastUse = lastUses.get(lastUseKey(installation))
  const values = { app: app_name, company: company_name }
  return html`<li>
<p class="tile"><strong>${company_name}</strong> <span class="small muted"><bdi>${company_domain}</bdi></span>
<span class="small">${served ? html`${say(language, 'connected.byCompany', values)} · ` : ''}${say(language, 'connected.since', { date: format.format(installation.created_at) })}${lastUse === undefined ? '' : html` · ${say(language, 'connected.lastUsed', { date: format.format(lastUse) })}`}</span></p>
${served && served.state !== 'opened' ? html`<p class="small">${say(language, served.state === 'leftOut' ? 'connected.leftOut' : 'connected.unopened')}</p>` : ''}
<p class="small">${say(language, 'connected.mayDo')}</p>
<ul class="can-do small">${storedScopes(installation.scopes).map(scope => html`<li>${describeScope(language, scope, texts)}</li>`)}</ul>
${served?.state === 'leftOut' ? '' : ending(c, language, installation)}
</li>`
}

/** What takes the app from the person: it is removed, or left out where the company has it. */
function ending(c: RequestContext, language: Language, installation: ConnectedApp): Fragment {
  const { client_id, app_name, company_id, company_name, served } = installation
  const values = { app: app_name, company: company_name }
  return html`${changeLink(language, installation)}
<details class="danger"><summary>${say(language, served ? 'connected.leaveOut' : 'connected.remove')}</summary>
<p>${served ? say(language, 'connected.leaveOutText', values) : html`${say(language, 'connected.removeText', values)} ${say(language, 'connected.cannotUndo')}`}</p>
<form method="post" action="/connected-apps/remove">
${hiddenField('form_token', formToken(c))}${hiddenField('client_id', client_id)}${hiddenField('company_id', String(company_id))}
<button type="submit" class="danger">${say(language, served ? 'connected.leaveOutConfirm' : 'connected.removeConfirm', values)}</button>
</form></details>`
}
