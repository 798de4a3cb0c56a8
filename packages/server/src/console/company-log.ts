import { html } from 'hono/html'
import { timeOfEvent } from '../audit/record.ts'
import type { RouteHandler } from '../http/environment.ts'
import { queryParameter } from '../http/form.ts'
import { say } from '../pages/messages.ts'
import { type AuditEventRow, listAuditEvents } from '../store/queries/audit-events.ts'
import { findApps, findMemberNames } from '../store/queries/company-console.ts'
import { companyPath, showConsole, visitCompany } from './company-access.ts'

const PAGE = 50
const HEADINGS = ['console.log.when', 'console.log.what', 'console.log.who', 'console.log.about'] as const

/** `GET /company/:company_id/log`: what happened there, the newest first; `action` shows one kind, `before` goes on. */
export const companyLog: RouteHandler = async c => {
  const visit = await visitCompany(c)
  const { companyId, language, membership } = visit
  const { store } = c.var.runtime
  const [action, before] = [queryParameter(c, 'action'), queryParameter(c, 'before')]
  const found = await listAuditEvents(store, {
    companyId,
    limit: PAGE + 1,
    ...(action !== undefined && { action: action.slice(0, 64) }),
    ...(before !== undefined && { before: before.slice(0, 64) }),
  })
  const events = found.slice(0, PAGE)
  const names = await findMemberNames(store, companyId, [...new Set(events.flatMap(userIdsOf))])
  const apps = await findApps(store, [...new Set(events.flatMap(({ client_id }) => client_id ?? []))])
  const moment = new Intl.DateTimeFormat(language, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: membership.timezone ?? 'UTC',
  })
  const nameOf = (userId: number) => names.get(userId) ?? String(userId)
  const next = new URLSearchParams({ ...(action !== undefined && { action }), before: events.at(-1)?.event_id ?? '' })
  return showConsole(c, visit, {
    section: '/log',
    title: say(language, 'console.log'),
    body: html`<p class="muted">${say(language, events.length > 0 ? 'console.log.intro' : 'console.log.none', { company: membership.company_name })}</p>
${
  action === undefined
    ? ''
    : html`<p><code>${action}</code> · <a href="${companyPath(companyId, '/log')}">${say(language, 'console.log.all')}</a></p>`
}
${
  events.length === 0
    ? ''
    : html`<div class="scroll log" tabindex="0" role="region" aria-label="${say(language, 'console.log')}"><table>
<thead><tr>${HEADINGS.map(key => html`<th scope="col">${say(language, key)}</th>`)}</tr></thead>
<tbody>${events.map(
        event => html`<tr><td>${moment.format(timeOfEvent(event))}</td>
<td><a href="${companyPath(companyId, `/log?${new URLSearchParams({ action: event.action })}`)}"><code>${event.action}</code></a></td>
<td><bdi>${actorOf(event, nameOf)}</bdi></td>
<td>${event.user_id === null ? '' : html`<bdi>${nameOf(event.user_id)}</bdi> `}${event.client_id === null ? '' : html`<bdi>${apps.get(event.client_id)?.name ?? event.client_id}</bdi>`}</td></tr>`,
      )}</tbody></table></div>`
}
${found.length > PAGE ? html`<p><a href="${companyPath(companyId, `/log?${next}`)}">${say(language, 'console.log.older')}</a></p>` : ''}`,
  })
}

function userIdsOf({ user_id, actor_type, actor_id }: AuditEventRow): number[] {
  const actor = actor_type === 'user' && actor_id !== null ? [Number(actor_id)] : []
  return [...actor, ...(user_id === null ? [] : [user_id])]
}

/** A member by name; what is none by its kind and its id. */
function actorOf({ actor_type, actor_id }: AuditEventRow, nameOf: (userId: number) => string): string {
  if (actor_type === 'user' && actor_id !== null) return nameOf(Number(actor_id))
  return [actor_type, actor_id].filter(Boolean).join(' ')
}
