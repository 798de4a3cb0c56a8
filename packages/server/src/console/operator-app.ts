import { html } from 'hono/html'
import { registeredBy } from '../apps/app.ts'
import { type App, changeApp, findRegisteredApp } from '../apps/apps.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { alert } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type MessageKey, type MessageValues, say } from '../pages/messages.ts'
import { tokenField } from './company-access.ts'
import { actAsOperator, factList, type OperatorVisit, showOperatorPage, visitPlatform } from './operator-access.ts'
import { hasPasswords, stepUp } from './step-up.ts'

const CHANGES = {
  verify: { verified: true },
  unverify: { verified: false },
  enable: { disabled: false },
  disable: { disabled: true },
} as const

/** `GET /operator/apps/:client_id`: what is registered of an app. */
export const operatorApp: RouteHandler = async c => showApp(c, await visitApp(c))

/** `POST /operator/apps/:client_id`: the button `change`: `verify`, `unverify`, `enable`, or `disable`, which asks for the `password`. */
export const changeOperatorApp: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitApp(c)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const change = form.get('change') ?? ''
  if (!Object.hasOwn(CHANGES, change)) throw new PageError(400, 'error.formExpired')
  const path = pathOf(visit.app)
  if (change === 'disable') {
    const problem = await stepUp(c, form, path)
    if (problem instanceof Response) return problem
    if (problem === 'wrong') return showApp(c, visit, { problem: 'console.password.wrong', status: 422 })
    if (problem) {
      const values = { minutes: Math.ceil(problem.wait / 60_000) }
      return showApp(c, visit, { problem: 'signIn.tooMany', values, status: 429 })
    }
  }
  await changeApp(actAsOperator(c, visit), visit.app.clientId, CHANGES[change as keyof typeof CHANGES])
  return c.redirect(path, 303)
}

async function visitApp(c: RequestContext): Promise<OperatorVisit & { app: App }> {
  const visit = await visitPlatform(c)
  const app = await findRegisteredApp(c.var.runtime, c.req.param('client_id') ?? '')
  if (!app) throw new PageError(404, 'error.notFound')
  return { ...visit, app }
}

function pathOf({ clientId }: App): string {
  return `/operator/apps/${encodeURIComponent(clientId)}`
}

interface Shown {
  problem?: MessageKey
  values?: MessageValues
  status?: 422 | 429
}

function showApp(c: RequestContext, visit: OperatorVisit & { app: App }, { problem, values, status }: Shown = {}) {
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
<form method="post" action="${pathOf(app)}">${tokenField(c)}
<button type="submit" name="change" value="${isVerified ? 'unverify' : 'verify'}"${isVerified ? html` class="quiet"` : ''}>${say(language, isVerified ? 'operator.app.unverify' : 'operator.app.verify')}</button></form>
${
  isDisabled
    ? html`<form method="post" action="${pathOf(app)}">${tokenField(c)}
<button type="submit" name="change" value="enable">${say(language, 'operator.app.enable')}</button></form>`
    : html`<details class="danger apart"><summary>${say(language, 'operator.app.disable')}</summary>
<p>${say(language, 'operator.app.disable.text', { app: app.name })}</p>
<form method="post" action="${pathOf(app)}">${tokenField(c)}
${
  hasPasswords(c)
    ? html`<label>${say(language, 'console.password')}
<input type="password" name="password" dir="ltr" autocomplete="current-password" required></label>`
    : ''
}
<button type="submit" name="change" value="disable" class="danger">${say(language, 'operator.app.disable')}</button></form></details>`
}`,
  })
}
