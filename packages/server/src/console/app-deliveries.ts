import { html } from 'hono/html'
import type { RouteHandler } from '../http/environment.ts'
import { queryParameter } from '../http/form.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { type CallbackDeliveryRow, type DeliveryKey, pageOfDeliveries } from '../store/queries/callback-deliveries.ts'
import { type AppDeskVisit, deskAppPath, type EnterApp } from './app-desk.ts'

const PAGE = 50

/** `GET BASE/apps/:client_id/deliveries`: what the app was told of installations that ended, and how it answered; `before` goes on. */
export function showDeliveriesOf(enter: EnterApp): RouteHandler {
  return async c => {
    const visit = await enter(c)
    const { language, app } = visit
    const before = readKey(queryParameter(c, 'before'))
    const found = await pageOfDeliveries(c.var.runtime.store, {
      clientId: app.clientId,
      // Not those of an app that had its client id before.
      since: app.createdAt,
      limit: PAGE + 1,
      ...(before && { before }),
    })
    const rows = found.slice(0, PAGE)
    const next = new URLSearchParams({ before: writeKey(rows.at(-1)) })
    return visit.show({
      title: say(language, 'developer.deliveries'),
      body: html`<p class="muted">${say(language, rows.length === 0 ? 'developer.deliveries.none' : 'developer.deliveries.text', { app: app.name })}</p>
<ul class="people">${rows.map(row => delivery(visit, row))}</ul>
${found.length > PAGE ? html`<p><a href="${deskAppPath(visit, `/deliveries?${next}`)}">${say(language, 'console.log.older')}</a></p>` : ''}
<p><a href="${deskAppPath(visit)}">${say(language, 'operator.app.back', { app: app.name })}</a></p>`,
    })
  }
}

function delivery({ language, moment }: AppDeskVisit, row: CallbackDeliveryRow): Fragment {
  const { company_id, user_id, attempted_at, attempt, status, error, body } = row
  const answered =
    status === null
      ? say(language, 'developer.deliveries.noAnswer')
      : say(language, 'developer.deliveries.status', { status: String(status) })
  return html`<li><strong>${say(language, 'operator.callbacks.of', { company: String(company_id), user: String(user_id) })}</strong>
<span class="small">${moment(attempted_at)} · ${say(language, 'developer.deliveries.attempt', { number: attempt })} · ${answered}${error === null ? '' : html` · <code>${error}</code>`}</span>
<pre class="small" tabindex="0"><code>${body}</code></pre></li>`
}

function writeKey(key: DeliveryKey | undefined): string {
  return key ? [key.attempted_at, key.company_id, key.user_id, key.ended_at].join(' ') : ''
}

function readKey(text: string | undefined): DeliveryKey | undefined {
  const parts = /^(\d{1,15}) (\d{1,15}) (\d{1,15}) (\d{1,15})$/.exec(text ?? '')
  if (!parts) return undefined
  const [attempted_at, company_id, user_id, ended_at] = parts.slice(1).map(Number) as [number, number, number, number]
  return { attempted_at, company_id, user_id, ended_at }
}
