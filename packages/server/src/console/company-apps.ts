import { html } from 'hono/html'
import type { RouteHandler } from '../http/environment.ts'
import { appMark } from '../pages/components.ts'
import { type MessageKey, say } from '../pages/messages.ts'
import type { AppPolicyRow } from '../store/queries/app-policies.ts'
import { pageOfAppPolicies } from '../store/queries/app-policies.ts'
import type { AppRow } from '../store/queries/apps.ts'
import { findApps, listAppsInUse } from '../store/queries/company-console.ts'
import { listCompanyInstallations } from '../store/queries/company-installations.ts'
import { type CompanyVisit, showConsole, visitCompany } from './company-access.ts'
import { appPath } from './visit-app.ts'

/** Apps that are shown. */
const MOST = 500

/** What a decision is called; null where the rules hold. */
export const ruleKeys: Record<AppPolicyRow['decision'] | 'none', MessageKey> = {
  allowed: 'console.rule.allowed',
  blocked: 'console.rule.blocked',
  ask: 'console.rule.ask',
  none: 'console.rule.none',
}

/** `GET /company/:company_id`: the apps that people there use, and those that were decided on. */
export const companyApps: RouteHandler = async c => {
  const visit = await visitCompany(c)
  const { companyId, language, membership } = visit
  const { store } = c.var.runtime
  const [inUse, installed, decisions] = await Promise.all([
    listAppsInUse(store, companyId, MOST),
    listCompanyInstallations(store, [companyId]),
    pageOfAppPolicies(store, { companyId, limit: MOST }),
  ])
  const decided = new Map(decisions.map(each => [each.client_id, each]))
  const forAll = new Set(installed.map(each => each.client_id))
  const people = new Map(inUse.map(each => [each.client_id, each.people]))
  const apps = await findApps(store, [...new Set([...people.keys(), ...decided.keys()])].slice(0, MOST))
  const { compare } = new Intl.Collator(language, { numeric: true })
  const sorted = [...apps.values()].toSorted((a, b) => compare(a.name, b.name))
  const values = { company: membership.company_name }
  return showConsole(c, visit, {
    section: '',
    title: say(language, 'console.apps'),
    body: html`<p class="muted">${say(language, sorted.length > 0 ? 'console.apps.intro' : 'console.apps.none', values)}</p>
${sorted.map(app => appLine(visit, app, people.get(app.client_id) ?? 0, { decision: decided.get(app.client_id), isForAll: forAll.has(app.client_id) }))}`,
  })
}

function appLine(
  { companyId, language }: CompanyVisit,
  app: AppRow,
  count: number,
  { decision, isForAll }: { decision: AppPolicyRow | undefined; isForAll: boolean },
) {
  return html`<section class="app">
<div class="installation-head">
${appMark({ clientId: app.client_id, name: app.name, hasIcon: app.icon !== null })}
<div><h2><a href="${appPath(companyId, app.client_id)}">${app.name}</a></h2>
<p class="muted small">${say(language, 'console.people', { count })}
${isForAll ? html` · <span class="badge">${say(language, 'console.forCompany')}</span>` : ''}${decision ? html` · <span class="badge">${say(language, ruleKeys[decision.decision])}</span>` : ''}</p></div>
</div>
</section>`
}
