import { html } from 'hono/html'
import { registeredBy } from '../apps/app.ts'
import { changeApp } from '../apps/apps.ts'
import { rotateSecret } from '../apps/client-secrets.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { type Parameters, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { alert } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type MessageKey, type MessageValues, say } from '../pages/messages.ts'
import { documentHost } from '../store/blocked-apps.ts'
import { actAsOperator, factList, showOperatorPage } from './operator-access.ts'
import { type OperatorAppVisit, operatorAppPath, visitRegisteredApp } from './operator-app-visit.ts'
import { KEPT, secretSection, showNewSecret } from './operator-secret.ts'
import { passwordField, stepUp } from './step-up.ts'
import { tokenField } from './token-field.ts'

const DAY = 86_400_000

const CHANGES = {
  verify: { verified: true },
  unverify: { verified: false },
  enable: { disabled: false },
  disable: { disabled: true },
} as const

/** `GET /operator/apps/:client_id`: what is registered of an app. */
export const operatorApp: RouteHandler = async c => showApp(c, await visitRegisteredApp(c))

/** `POST /operator/apps/:client_id`: the button `change`: `verify`, `unverify`, `enable`, or `disable`, which asks for the `password`. */
export const changeOperatorApp: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitRegisteredApp(c)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const change = form.get('change') ?? ''
  if (!Object.hasOwn(CHANGES, change)) throw new PageError(400, 'error.formExpired')
  if (change === 'disable') {
    const problem = await askForPassword(c, form, visit)
    if (problem) return problem
  }
  await changeApp(actAsOperator(c, visit), visit.app.clientId, CHANGES[change as keyof typeof CHANGES])
  return c.redirect(operatorAppPath(visit.app), 303)
}

/** `POST /operator/apps/:client_id/secret`: fields `keep`, in days, and `password`. Shows the new secret once. */
export const rotateAppSecret: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitRegisteredApp(c)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const { app, language } = visit
  const keep = KEPT.find(days => String(days) === form.get('keep'))
  if (keep === undefined || !app.secretHash) throw new PageError(400, 'error.formExpired')
  const problem = await askForPassword(c, form, visit)
  if (problem) return problem
  const secret = await rotateSecret(actAsOperator(c, visit), app.clientId, { keepOld: keep * DAY })
  return showNewSecret(c, visit, { app, secret, title: say(language, 'operator.secrets.made') })
}

async function askForPassword(c: RequestContext, form: Parameters, visit: OperatorAppVisit) {
  const problem = await stepUp(c, form, operatorAppPath(visit.app))
  if (problem === undefined || problem instanceof Response) return problem
  if (problem === 'wrong') return showApp(c, visit, { problem: 'console.password.wrong', status: 422 })
  const values = { minutes: Math.ceil(problem.wait / 60_000) }
  return showApp(c, visit, { problem: 'signIn.tooMany', values, status: 429 })
}

interface Shown {
  problem?: MessageKey
  values?: MessageValues
  status?: 422 | 429
}

async function showApp(c: RequestContext, visit: OperatorAppVisit, { problem, values, status }: Shown = {}) {
  const { language, moment, app } = visit
  const isDisabled = app.disabledAt !== null
  const isVerified = app.verifiedAt !== null
  return showOperatorPage(c, visit, {
    section: 'none',
    title: app.name,
    ...(status && { status }),
    body: html`${problem ? alert(say(language, problem, values)) : ''}
${factList([
  ['client_id', app.clientId],
  ['maker', app.maker ?? '–'],
  ['registered_by', registeredBy(app)],
  ['created_at', moment(app.createdAt)],
  ['redirect_uris', html`${app.redirectUris.map(uri => html`<span class="block">${uri}</span>`)}`],
  ['scopes', app.scopes.join(' ')],
  ['profile', app.profile],
  ['install', app.install],
  ['public', String(app.isPublic)],
  ['uninstall_url', app.uninstallUrl ?? '–'],
  ['verified_at', app.verifiedAt === null ? '–' : `${moment(app.verifiedAt)} · ${app.verifiedBy ?? ''}`],
  ['disabled_at', app.disabledAt === null ? '–' : moment(app.disabledAt)],
])}
${documentHost(app.clientId) === undefined ? html`<p><a href="${operatorAppPath(app)}/edit">${say(language, 'operator.app.edit')}</a></p>` : ''}
<form method="post" action="${operatorAppPath(app)}">${tokenField(c)}
<button type="submit" name="change" value="${isVerified ? 'unverify' : 'verify'}"${isVerified ? html` class="quiet"` : ''}>${say(language, isVerified ? 'operator.app.unverify' : 'operator.app.verify')}</button></form>
${await secretSection(c, visit)}
<p class="apart"><a href="/operator/callbacks?${new URLSearchParams({ client_id: app.clientId })}">${say(language, 'operator.callbacks')}</a></p>
${
  isDisabled
    ? html`<form method="post" action="${operatorAppPath(app)}">${tokenField(c)}
<button type="submit" name="change" value="enable">${say(language, 'operator.app.enable')}</button></form>`
    : html`<details class="danger apart"><summary>${say(language, 'operator.app.disable')}</summary>
<p>${say(language, 'operator.app.disable.text', { app: app.name })}</p>
<form method="post" action="${operatorAppPath(app)}">${tokenField(c)}
${passwordField(c, language)}
<button type="submit" name="change" value="disable" class="danger">${say(language, 'operator.app.disable')}</button></form></details>`
}`,
  })
}
