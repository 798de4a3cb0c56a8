import { html } from 'hono/html'
import type { App } from '../apps/apps.ts'
import { listSecrets } from '../apps/client-secrets.ts'
import type { RequestContext } from '../http/environment.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { factList, type OperatorVisit, showOperatorPage } from './operator-access.ts'
import { type OperatorAppVisit, operatorAppPath } from './operator-app-visit.ts'
import { passwordField } from './step-up.ts'
import { tokenField } from './token-field.ts'

/** Days for which the secret before may be kept. */
export const KEPT = [0, 1, 7, 30] as const

/** @param secret null where the app has none */
export function showNewSecret(
  c: RequestContext,
  visit: OperatorVisit,
  { app, secret, title }: { app: App; secret: string | null; title: string },
) {
  const { language } = visit
  return showOperatorPage(c, visit, {
    section: 'none',
    title,
    body: html`${factList([
      ['client_id', html`<code>${app.clientId}</code>`],
      ...(secret === null ? [] : [['client_secret', html`<code>${secret}</code>`] as const]),
    ])}
${secret === null ? '' : html`<p>${say(language, 'operator.secrets.once')}</p>`}
<p><a href="${operatorAppPath(app)}">${say(language, 'operator.app.back', { app: app.name })}</a></p>`,
  })
}

/** The secrets that are accepted, and a form that makes another one. */
export async function secretSection(c: RequestContext, visit: OperatorAppVisit): Promise<Fragment | string> {
  const { language, moment, app } = visit
  if (!app.secretHash) return ''
  const secrets = await listSecrets(c.var.runtime, app)
  return html`<h2 class="apart">${say(language, 'operator.secrets')}</h2>
<ul class="people">${secrets.map(
    ({ createdAt, expiresAt, lastUsedAt }) =>
      html`<li>${
        expiresAt === null
          ? say(language, 'operator.secrets.current', { date: moment(createdAt) })
          : say(language, 'operator.secrets.until', { date: moment(expiresAt) })
      } <span class="small muted">${lastUsedAt === null ? '' : say(language, 'connected.lastUsed', { date: moment(lastUsedAt) })}</span></li>`,
  )}</ul>
<details class="apart"><summary>${say(language, 'operator.secrets.rotate')}</summary>
<form method="post" action="${operatorAppPath(app)}/secret">${tokenField(c)}
<fieldset class="choices"><legend>${say(language, 'operator.secrets.keep')}</legend>
${KEPT.map(
  days =>
    html`<label><input type="radio" name="keep" value="${days}"${days === 1 ? html` checked` : ''}><span>${days === 0 ? say(language, 'operator.secrets.keep.none') : say(language, 'operator.secrets.keep.days', { days })}</span></label>`,
)}</fieldset>
${passwordField(c, language)}
<button type="submit">${say(language, 'operator.secrets.rotate')}</button></form></details>`
}
