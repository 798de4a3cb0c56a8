import { html } from 'hono/html'
import { timeOfEvent } from '../audit/record.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { queryParameter } from '../http/form.ts'
import { PageError } from '../pages/error-page.ts'
import { say } from '../pages/messages.ts'
import { toResourceServer } from '../resource-servers/resource-server.ts'
import { type AuditEventRow, listAuditEvents } from '../store/queries/audit-events.ts'
import { findCompany } from '../store/queries/companies.ts'
import { isInForce, listMembershipsOfUser } from '../store/queries/memberships.ts'
import { findResourceServer, listResourceScopes } from '../store/queries/resource-servers.ts'
import { listSessionsOfUser } from '../store/queries/sessions.ts'
import { findUser } from '../store/queries/users.ts'
import { factList } from './fact-list.ts'
import { pageOfKnownApps, sayPeople } from './known-apps.ts'
import { type OperatorVisit, showOperatorPage, visitPlatform } from './operator-access.ts'

const PAGE = 50

/** `GET /operator/users/:user_id` */
export const operatorUser: RouteHandler = async c => {
  const visit = await visitPlatform(c)
  const { language, moment } = visit
  const { store, clock } = c.var.runtime
  const userId = readId(c, 'user_id')
  const user = await findUser(store, userId)
  if (!user || user.deleted_at !== null) throw new PageError(404, 'error.notFound')
  const memberships = await listMembershipsOfUser(store, userId)
  const sessions = (await listSessionsOfUser(store, userId)).filter(each => each.expires_at > clock())
  return showOperatorPage(c, visit, {
    section: 'none',
    title: user.name,
    body: html`${factList([
      ['user_id', String(userId)],
      ['email', user.email],
      ['locale', user.locale],
      ['active', String(user.active === 1)],
      ['created_at', moment(user.created_at)],
      ['sessions', String(sessions.length)],
    ])}
<h2 class="apart">${say(language, 'operator.companies')}</h2>
<ul class="people">${memberships.map(
      each => html`<li><a href="/operator/companies/${each.company_id}"><bdi>${each.company_name}</bdi></a>
<span class="small">${say(language, each.is_admin === 1 ? 'role.admin' : 'role.member')}${isInForce(each) ? '' : ` · ${say(language, 'console.members.inactive')}`}</span></li>`,
    )}</ul>`,
  })
}

/** `GET /operator/companies/:company_id` */
export const operatorCompany: RouteHandler = async c => {
  const visit = await visitPlatform(c)
  const { language, moment } = visit
  const { store } = c.var.runtime
  const companyId = readId(c, 'company_id')
  const company = await findCompany(store, companyId)
  if (!company) throw new PageError(404, 'error.notFound')
  const { apps, next } = await pageOfKnownApps(c, companyId, language)
  return showOperatorPage(c, visit, {
    section: 'none',
    title: company.name,
    body: html`${factList([
      ['company_id', String(companyId)],
      ['domain', company.domain],
      ['app_policy', company.app_policy],
      ['suspended_at', company.suspended_at === null ? '–' : moment(company.suspended_at)],
      ['created_at', moment(company.created_at)],
    ])}
<h2 class="apart">${say(language, 'console.apps')}</h2>
<ul class="people">${apps.map(
      ({
        app,
        people,
      }) => html`<li><a href="/operator/apps/${encodeURIComponent(app.client_id)}"><bdi>${app.name}</bdi></a>
<span class="small">${sayPeople(language, people)}</span></li>`,
    )}</ul>
${next === undefined ? '' : html`<p><a href="/operator/companies/${companyId}?page=${next}">${say(language, 'console.more')}</a></p>`}
<p><a href="/operator/log?company_id=${companyId}">${say(language, 'console.log')}</a></p>`,
  })
}

/** `GET /operator/resource-servers/:resource_server_id` */
export const operatorResourceServer: RouteHandler = async c => {
  const visit = await visitPlatform(c)
  const { store } = c.var.runtime
  const id = readId(c, 'resource_server_id')
  const row = await findResourceServer(store, id)
  if (!row) throw new PageError(404, 'error.notFound')
  const server = toResourceServer(row, await listResourceScopes(store, id))
  return showOperatorPage(c, visit, {
    section: 'none',
    title: server.name,
    body: factList([
      ['resource_server_id', String(id)],
      ['client_id', server.clientId],
      ['identifier', server.identifier],
      ['scopes', Object.keys(server.scopes).join(' ')],
      ['token_format', server.tokenFormat],
      ['describes_users', String(server.describesUsers)],
      ['created_at', visit.moment(server.createdAt)],
    ]),
  })
}

/** `GET /operator/log`: what happened, of the platform or of the company `company_id`; `action` shows one kind, `before` goes on. */
export const operatorLog: RouteHandler = async c => {
  const visit = await visitPlatform(c)
  const { language } = visit
  const [action, before] = [queryParameter(c, 'action'), queryParameter(c, 'before')]
  const companyId = Number(queryParameter(c, 'company_id') ?? 0)
  if (!Number.isSafeInteger(companyId) || companyId < 0) throw new PageError(404, 'error.notFound')
  const found = await listAuditEvents(c.var.runtime.store, {
    companyId,
    limit: PAGE + 1,
    ...(action !== undefined && { action: action.slice(0, 64) }),
    ...(before !== undefined && { before: before.slice(0, 64) }),
  })
  const events = found.slice(0, PAGE)
  const only = { company_id: String(companyId), ...(action !== undefined && { action }) }
  const next = new URLSearchParams({ ...only, before: events.at(-1)?.event_id ?? '' })
  return showOperatorPage(c, visit, {
    section: '/log',
    title: say(language, 'console.log'),
    body: html`${action === undefined ? '' : html`<p><code>${action}</code> · <a href="/operator/log?company_id=${companyId}">${say(language, 'console.log.all')}</a></p>`}
${events.length === 0 ? html`<p class="muted">${say(language, 'console.log.none')}</p>` : eventTable(visit, companyId, events)}
${found.length > PAGE ? html`<p><a href="/operator/log?${next}">${say(language, 'console.log.older')}</a></p>` : ''}`,
  })
}

function eventTable({ language, moment }: OperatorVisit, companyId: number, events: readonly AuditEventRow[]) {
  const headings = ['console.log.when', 'console.log.what', 'console.log.who', 'console.log.about'] as const
  const of = (action: string) => new URLSearchParams({ company_id: String(companyId), action })
  return html`<div class="scroll log" tabindex="0" role="region" aria-label="${say(language, 'console.log')}"><table>
<thead><tr>${headings.map(key => html`<th scope="col">${say(language, key)}</th>`)}</tr></thead>
<tbody>${events.map(
    event => html`<tr><td>${moment(timeOfEvent(event))}</td>
<td><a href="/operator/log?${of(event.action)}"><code>${event.action}</code></a></td>
<td><bdi>${[event.actor_type, event.actor_id].filter(Boolean).join(' ')}</bdi></td>
<td>${event.user_id === null ? '' : html`<a href="/operator/users/${event.user_id}">${event.user_id}</a> `}${event.client_id === null ? '' : html`<a href="/operator/apps/${encodeURIComponent(event.client_id)}"><bdi>${event.client_id}</bdi></a>`}</td></tr>`,
  )}</tbody></table></div>`
}

function readId(c: RequestContext, name: string): number {
  const text = c.req.param(name) ?? ''
  if (!/^[1-9]\d{0,15}$/.test(text) || !Number.isSafeInteger(Number(text))) throw new PageError(404, 'error.notFound')
  return Number(text)
}
