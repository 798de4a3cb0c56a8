import { html } from 'hono/html'
import { INSTALLS } from '../apps/app-input.ts'
import type { App } from '../apps/apps.ts'
import { InputError } from '../companies/input.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { type Parameters, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { checkUrisScriptPath } from '../pages/assets.ts'
import { PageError } from '../pages/error-page.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { type AppDesk, type AppEntries, deskAppPath, type EnterApp, type EnterDesk } from './app-desk.ts'
import { checkRedirectUris, sayMistakes, type UriCheck, words } from './app-mistakes.ts'
import { showNewSecret } from './app-secret.ts'
import { tokenField } from './token-field.ts'

/** What the form asks for, as it was typed. */
interface Entries {
  name: string
  maker: string
  homeUrl: string
  privacyUrl: string
  termsUrl: string
  redirectUris: string
  scopes: string
  install: string
  uninstallUrl: string
  isPublic: boolean
}

const installKeys = {
  user: 'operator.app.install.user',
  company: 'operator.app.install.company',
  both: 'operator.app.install.both',
} as const

/** URIs that are checked at once. */
const MOST_CHECKS = 50

const NO_ENTRIES: Entries = {
  name: '',
  maker: '',
  homeUrl: '',
  privacyUrl: '',
  termsUrl: '',
  redirectUris: '',
  scopes: 'base',
  install: 'user',
  uninstallUrl: '',
  isPublic: false,
}

/** `GET BASE/new-app` */
export function newAppFormOf(enter: EnterDesk): RouteHandler {
  return async c => showForm(c, await enter(c), { entries: NO_ENTRIES })
}

/**
 * `POST BASE/new-app`: fields `name`, `maker`, `redirect_uris`, `scopes`, `install`, `uninstall_url`, `home_url`, `privacy_url`, `terms_url`, `public`; shows the secret once. With
 * `check` it only says whether the redirect URIs can be registered.
 */
export function registerAppOf(enter: EnterDesk): RouteHandler {
  return async c => {
    const form = await readForm(c)
    const desk = await enter(c)
    if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
    const entries = readEntries(form)
    if (form.has('check')) return answerCheck(c, desk, { entries })
    try {
      const { app, clientSecret } = await desk.register({ ...toInput(entries), isPublic: entries.isPublic })
      return showNewSecret(desk, { app, secret: clientSecret, title: say(desk.language, 'operator.app.registered') })
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      return showForm(c, desk, { entries, problems: sayMistakes(c, desk.language, entries, error) })
    }
  }
}

/** `GET BASE/apps/:client_id/edit` */
export function editAppFormOf(enter: EnterApp): RouteHandler {
  return async c => {
    const visit = await enter(c)
    return showForm(c, visit, { app: visit.app, entries: entriesOf(visit.app) })
  }
}

/** `POST BASE/apps/:client_id/edit`: the fields of a new app but for `public`. */
export function editAppOf(enter: EnterApp): RouteHandler {
  return async c => {
    const form = await readForm(c)
    const visit = await enter(c)
    if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
    const { app } = visit
    const entries = { ...readEntries(form), isPublic: app.isPublic }
    if (form.has('check')) return answerCheck(c, visit, { app, entries })
    try {
      await visit.change(toInput(entries))
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      return showForm(c, visit, { app, entries, problems: sayMistakes(c, visit.language, entries, error) })
    }
    return c.redirect(deskAppPath(visit), 303)
  }
}

/** Says of each redirect URI whether it can be registered: on the page, or for a script that asks while one types. */
function answerCheck(c: RequestContext, desk: AppDesk, shown: Pick<ShownForm, 'app' | 'entries'>) {
  const checks = checkRedirectUris(c, desk.language, words(shown.entries.redirectUris).slice(0, MOST_CHECKS))
  if (c.req.header('Accept') === 'application/json') return c.json({ checks })
  return showForm(c, desk, { ...shown, checks })
}

function readEntries(form: Parameters): Entries {
  const read = (name: string) => (form.get(name) ?? '').trim().slice(0, 20_000)
  return {
    name: read('name'),
    maker: read('maker'),
    homeUrl: read('home_url'),
    privacyUrl: read('privacy_url'),
    termsUrl: read('terms_url'),
    redirectUris: read('redirect_uris'),
    scopes: read('scopes'),
    install: read('install'),
    uninstallUrl: read('uninstall_url'),
    isPublic: form.has('public'),
  }
}

function entriesOf(app: App): Entries {
  return {
    name: app.name,
    maker: app.maker ?? '',
    homeUrl: app.homeUrl ?? '',
    privacyUrl: app.privacyUrl ?? '',
    termsUrl: app.termsUrl ?? '',
    redirectUris: app.redirectUris.join('\n'),
    scopes: app.scopes.join(' '),
    install: app.install,
    uninstallUrl: app.uninstallUrl ?? '',
    isPublic: app.isPublic,
  }
}

function toInput(entries: Entries): AppEntries {
  const orNull = (text: string) => (text === '' ? null : text)
  return {
    name: entries.name,
    maker: orNull(entries.maker),
    homeUrl: orNull(entries.homeUrl),
    privacyUrl: orNull(entries.privacyUrl),
    termsUrl: orNull(entries.termsUrl),
    redirectUris: words(entries.redirectUris),
    scopes: words(entries.scopes),
    install: entries.install as NonNullable<AppEntries['install']>,
    uninstallUrl: orNull(entries.uninstallUrl),
  }
}

interface ShownForm {
  /** The one that is edited; a new one when not given. */
  app?: App
  entries: Entries
  /** What is wrong, a sentence each. */
  problems?: string[]
  checks?: UriCheck[]
}

function showForm(c: RequestContext, desk: AppDesk, { app, entries, problems = [], checks = [] }: ShownForm) {
  const { language, base } = desk
  const path = app && deskAppPath({ base, app })
  const action = path === undefined ? `${base}/new-app` : `${path}/edit`
  return desk.show({
    ...(app ? {} : { section: '/new-app' as const }),
    title: app ? app.name : say(language, 'operator.app.new'),
    script: checkUrisScriptPath,
    ...(problems.length > 0 && { status: 422 as const }),
    body: html`${problems.length === 0 ? '' : html`<div class="alert" role="alert">${problems.map(text => html`<p>${text}</p>`)}</div>`}
<form method="post" action="${action}">${tokenField(c)}
${field('name', say(language, 'operator.app.name'), entries.name, { isRequired: true })}
${field('maker', say(language, 'operator.app.maker'), entries.maker)}
<label>${say(language, 'operator.app.redirectUris')}
<textarea name="redirect_uris" rows="3" dir="ltr" spellcheck="false" required aria-describedby="checks">${entries.redirectUris}</textarea></label>
<ul id="checks" class="checks small" aria-live="polite">${checks.map(checkLine)}</ul>
${field('scopes', say(language, 'operator.app.scopes'), entries.scopes)}
<fieldset class="choices"><legend>${say(language, 'operator.app.install')}</legend>
${INSTALLS.map(
  each =>
    html`<label><input type="radio" name="install" value="${each}"${each === entries.install ? html` checked` : ''}><span>${say(language, installKeys[each])}</span></label>`,
)}</fieldset>
${field('uninstall_url', say(language, 'operator.app.uninstallUrl'), entries.uninstallUrl, { type: 'url' })}
${field('home_url', say(language, 'operator.app.homeUrl'), entries.homeUrl, { type: 'url' })}
${field('privacy_url', say(language, 'operator.app.privacyUrl'), entries.privacyUrl, { type: 'url' })}
${field('terms_url', say(language, 'operator.app.termsUrl'), entries.termsUrl, { type: 'url' })}
${
  app
    ? ''
    : html`<fieldset class="choices"><label><input type="checkbox" name="public"${entries.isPublic ? html` checked` : ''}><span>${say(language, 'operator.app.public')}</span></label></fieldset>`
}
<button type="submit">${say(language, app ? 'console.save' : 'operator.app.register')}</button>
<button type="submit" name="check" value="yes" class="plain small" formnovalidate>${say(language, 'developer.check')}</button></form>
${app && path !== undefined ? html`<p><a href="${path}">${say(language, 'operator.app.back', { app: app.name })}</a></p>` : ''}`,
  })
}

function field(
  name: string,
  label: string,
  value: string,
  { type = 'text', isRequired = false }: { type?: 'text' | 'url'; isRequired?: boolean } = {},
): Fragment {
  return html`<label>${label}
<input type="${type}" name="${name}" value="${value}" dir="${type === 'url' ? 'ltr' : 'auto'}" autocomplete="off"${isRequired ? html` required` : ''}></label>`
}

function checkLine({ uri, isGood, text }: UriCheck): Fragment {
  return html`<li class="${isGood ? 'good' : 'wrong'}"><bdi>${uri}</bdi> ${text}</li>`
}
