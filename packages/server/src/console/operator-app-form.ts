import { html } from 'hono/html'
import type { NewApp } from '../apps/app-input.ts'
import { INSTALLS } from '../apps/app-input.ts'
import { type App, changeApp, createApp } from '../apps/apps.ts'
import { InputError } from '../companies/input.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { type Parameters, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { alert } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { actAsOperator, type OperatorVisit, showOperatorPage, visitPlatform } from './operator-access.ts'
import { operatorAppPath, visitRegisteredApp } from './operator-app-visit.ts'
import { showNewSecret } from './operator-secret.ts'
import { tokenField } from './token-field.ts'

/** What the form asks for, as it was typed. */
interface Entries {
  name: string
  maker: string
  redirectUris: string
  scopes: string
  install: string
  uninstallUrl: string
}

const installKeys = {
  user: 'operator.app.install.user',
  company: 'operator.app.install.company',
  both: 'operator.app.install.both',
} as const

const NO_ENTRIES: Entries = { name: '', maker: '', redirectUris: '', scopes: 'base', install: 'user', uninstallUrl: '' }

/** `GET /operator/new-app` */
export const newAppForm: RouteHandler = async c => showForm(c, await visitPlatform(c), { entries: NO_ENTRIES })

/** `POST /operator/new-app`: fields `name`, `maker`, `redirect_uris`, `scopes`, `install`, `uninstall_url`, `public`. Shows the secret once. */
export const registerApp: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitPlatform(c)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const entries = readEntries(form)
  const isPublic = form.has('public')
  try {
    const { app, clientSecret } = await createApp(actAsOperator(c, visit), { ...toInput(entries), isPublic })
    return showNewSecret(c, visit, { app, secret: clientSecret, title: say(visit.language, 'operator.app.registered') })
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return showForm(c, visit, { entries, isPublic, problem: error })
  }
}

/** `GET /operator/apps/:client_id/edit` */
export const editAppForm: RouteHandler = async c => {
  const visit = await visitRegisteredApp(c)
  const { app } = visit
  const entries: Entries = {
    name: app.name,
    maker: app.maker ?? '',
    redirectUris: app.redirectUris.join('\n'),
    scopes: app.scopes.join(' '),
    install: app.install,
    uninstallUrl: app.uninstallUrl ?? '',
  }
  return showForm(c, visit, { app, entries })
}

/** `POST /operator/apps/:client_id/edit`: the fields of a new app but for `public`. */
export const editApp: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitRegisteredApp(c)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const entries = readEntries(form)
  try {
    await changeApp(actAsOperator(c, visit), visit.app.clientId, toInput(entries))
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return showForm(c, visit, { app: visit.app, entries, problem: error })
  }
  return c.redirect(operatorAppPath(visit.app), 303)
}

function readEntries(form: Parameters): Entries {
  const read = (name: string) => (form.get(name) ?? '').trim().slice(0, 20_000)
  return {
    name: read('name'),
    maker: read('maker'),
    redirectUris: read('redirect_uris'),
    scopes: read('scopes'),
    install: read('install'),
    uninstallUrl: read('uninstall_url'),
  }
}

function toInput({ name, maker, redirectUris, scopes, install, uninstallUrl }: Entries) {
  const words = (text: string) => text.split(/\s+/).filter(word => word !== '')
  return {
    name,
    maker: maker === '' ? null : maker,
    redirectUris: words(redirectUris),
    scopes: words(scopes),
    install: install as NonNullable<NewApp['install']>,
    uninstallUrl: uninstallUrl === '' ? null : uninstallUrl,
  }
}

interface ShownForm {
  /** The one that is edited; a new one when not given. */
  app?: App
  entries: Entries
  isPublic?: boolean
  problem?: InputError
}

function showForm(c: RequestContext, visit: OperatorVisit, { app, entries, isPublic = false, problem }: ShownForm) {
  const { language } = visit
  const text = (name: string, label: Fragment | string, value: string, type = 'text', isRequired = false) =>
    html`<label>${label}
<input type="${type}" name="${name}" value="${value}"${type === 'url' ? html` dir="ltr"` : html` dir="auto"`} autocomplete="off"${isRequired ? html` required` : ''}></label>`
  return showOperatorPage(c, visit, {
    section: app ? 'none' : '/new-app',
    title: app ? app.name : say(language, 'operator.app.new'),
    ...(problem && { status: 422 }),
    body: html`${problem ? alert(problem.message) : ''}
<form method="post" action="${app ? `${operatorAppPath(app)}/edit` : '/operator/new-app'}">${tokenField(c)}
${text('name', say(language, 'operator.app.name'), entries.name, 'text', true)}
${text('maker', say(language, 'operator.app.maker'), entries.maker)}
<label>${say(language, 'operator.app.redirectUris')}
<textarea name="redirect_uris" rows="3" dir="ltr" spellcheck="false" required>${entries.redirectUris}</textarea></label>
${text('scopes', say(language, 'operator.app.scopes'), entries.scopes)}
<fieldset class="choices"><legend>${say(language, 'operator.app.install')}</legend>
${INSTALLS.map(
  each =>
    html`<label><input type="radio" name="install" value="${each}"${each === entries.install ? html` checked` : ''}><span>${say(language, installKeys[each])}</span></label>`,
)}</fieldset>
${text('uninstall_url', say(language, 'operator.app.uninstallUrl'), entries.uninstallUrl, 'url')}
${
  app
    ? ''
    : html`<fieldset class="choices"><label><input type="checkbox" name="public"${isPublic ? html` checked` : ''}><span>${say(language, 'operator.app.public')}</span></label></fieldset>`
}
<button type="submit">${say(language, app ? 'console.save' : 'operator.app.register')}</button></form>
${app ? html`<p><a href="${operatorAppPath(app)}">${say(language, 'operator.app.back', { app: app.name })}</a></p>` : ''}`,
  })
}
