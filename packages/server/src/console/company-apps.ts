import { html } from 'hono/html'
import type { RouteHandler } from '../http/environment.ts'
import { appMark } from '../pages/components.ts'
import { type MessageKey, say } from '../pages/messages.ts'
import type { AppPolicyRow } from '../store/queries/app-policies.ts'
import type { AppFacts } from '../store/queries/apps.ts'
import { findDecisions } from '../store/queries/company-console.ts'
import { type CompanyVisit, companyPath, showConsole, visitCompany } from './company-access.ts'
import { pageOfKnownApps, sayPeople } from './known-apps.ts'
import { appPath } from './visit-app.ts'

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
  const { apps, next } = await pageOfKnownApps(c, companyId, language)
  const ids = apps.map(each => each.app.client_id)
  const { decisions, forAll } = await findDecisions(c.var.runtime.store, companyId, ids)
  const values = { company: membership.company_name }
  return showConsole(c, visit, {
    section: '',
    title: say(language, 'console.apps'),
    body: html`<p class="muted">${say(language, apps.length > 0 ? 'console.apps.intro' : 'console.apps.none', values)}</p>
${apps.map(({ app, people }) => appLine(visit, app, people, { decision: decisions.get(app.client_id), isForAll: forAll.has(app.client_id) }))}
${next === undefined ? '' : html`<p><a href="${companyPath(companyId, `?page=${next}`)}">${say(language, 'console.more')}</a></p>`}`,
  })
}

function appLine(
  { companyId, language }: CompanyVisit,
  app: AppFacts,
  count: number,
  { decision, isForAll }: { decision: AppPolicyRow['decision'] | undefined; isForAll: boolean },
) {
  return html`<section class="app">
<div class="installation-head">
${appMark({ clientId: app.client_id, name: app.name, hasIcon: app.icon_type !== null })}
<div><h2><a href="${appPath(companyId, app.client_id)}">${app.name}</a></h2>
<p class="muted small">${sayPeople(language, count)}
${isForAll ? html` · <span class="badge">${say(language, 'console.forCompany')}</span>` : ''}${decision ? html` · <span class="badge">${say(language, ruleKeys[decision])}</span>` : ''}</p></div>
</div>
</section>`
}
