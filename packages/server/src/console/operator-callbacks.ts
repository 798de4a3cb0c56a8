import { html } from 'hono/html'
import { recordEvent } from '../audit/record.ts'
import type { RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { hiddenField, notice } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { say } from '../pages/messages.ts'
import { type CallbackKey, pageOfCallbacks, sendCallbackAgain } from '../store/queries/uninstall-callbacks.ts'
import { writeUnlessConflict } from '../store/store.ts'
import { actAsOperator, showOperatorPage, visitPlatform } from './operator-access.ts'
import { tokenField } from './token-field.ts'

const PAGE = 50

/** `GET /operator/callbacks`: uninstall callbacks that were not delivered, and why; those of the app `client_id`, if it is given. */
export const operatorCallbacks: RouteHandler = async c => {
  const visit = await visitPlatform(c)
  const { language, moment } = visit
  const [clientId, after] = [queryParameter(c, 'client_id'), readKey(queryParameter(c, 'after'))]
  const only = { ...(clientId !== undefined && { clientId }), ...(after && { after }) }
  const found = await pageOfCallbacks(c.var.runtime.store, { ...only, limit: PAGE + 1 })
  const rows = found.slice(0, PAGE)
  const next = new URLSearchParams({
    ...(clientId !== undefined && { client_id: clientId }),
    after: writeKey(rows.at(-1)),
  })
  return showOperatorPage(c, visit, {
    section: '/callbacks',
    title: say(language, 'operator.callbacks'),
    body: html`${queryParameter(c, 'again') === undefined ? '' : notice(say(language, 'operator.callbacks.sent'))}
${rows.length === 0 ? html`<p class="muted">${say(language, 'operator.callbacks.none')}</p>` : ''}
<ul class="people">${rows.map(
      row => html`<li><strong><bdi>${row.client_id}</bdi></strong>
<span class="small">${say(language, 'operator.callbacks.of', { company: String(row.company_id), user: String(row.user_id) })} · ${moment(row.ended_at)}</span>
<span class="small">${say(language, row.gave_up_at === null ? 'operator.callbacks.pending' : 'operator.callbacks.givenUp')} · ${say(language, 'operator.callbacks.attempts', { count: row.attempts })}${row.last_error === null ? '' : html` · <code>${row.last_error}</code>`}</span>
<form method="post" action="/operator/callbacks">${tokenField(c)}${(['company_id', 'user_id', 'client_id', 'ended_at'] as const).map(name => hiddenField(name, String(row[name])))}
<button type="submit" class="plain small">${say(language, 'operator.callbacks.again')}</button></form></li>`,
    )}</ul>
${found.length > PAGE ? html`<p><a href="/operator/callbacks?${next}">${say(language, 'console.more')}</a></p>` : ''}`,
  })
}

function writeKey(key: CallbackKey | undefined): string {
  return key ? [key.company_id, key.user_id, key.ended_at, key.client_id].join(' ') : ''
}

function readKey(text: string | undefined): CallbackKey | undefined {
  const parts = /^(\d{1,15}) (\d{1,15}) (\d{1,15}) (\S{1,2000})$/.exec(text ?? '')
  if (!parts) return undefined
  const [company_id, user_id, ended_at] = parts.slice(1, 4).map(Number) as [number, number, number]
  return { company_id, user_id, ended_at, client_id: parts[4]! }
}

/** `POST /operator/callbacks`: sends one again now. */
export const sendAgain: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitPlatform(c)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const numbers = ['company_id', 'user_id', 'ended_at'].map(name => Number(form.get(name)))
  if (!numbers.every(Number.isSafeInteger)) throw new PageError(400, 'error.formExpired')
  const [company_id, user_id, ended_at] = numbers as [number, number, number]
  const key = { company_id, user_id, client_id: form.get('client_id') ?? '', ended_at }
  const runtime = actAsOperator(c, visit)
  await writeUnlessConflict(runtime.store, [
    sendCallbackAgain(runtime.store, key, runtime.clock()),
    recordEvent(runtime, {
      action: 'callback.sent_again',
      companyId: company_id,
      userId: user_id,
      clientId: key.client_id,
    }),
  ])
  return c.redirect('/operator/callbacks?again=yes', 303)
}
