import { html } from 'hono/html'
import { actingAs } from '../http/acting.ts'
import { readCookie, writeCookie } from '../http/cookies.ts'
import type { PageContext, RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { browserFormToken, holdsBrowserToken } from '../http/form-token.ts'
import { queueMail } from '../mail/outbox.ts'
import { alert, hiddenField, notice } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type MessageKey, say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { deleteAccountLinks, spendAccountLink } from '../store/queries/account-links.ts'
import type { UserRow } from '../store/queries/users.ts'
import { findGoodLink } from './account-link.ts'
import { requirePasswordMail } from './forgotten-password.ts'
import { passwordMistake, setPasswordIf } from './password.ts'

/** Seconds for which a browser keeps the link that it came with. */
const KEPT = 1800
const PATH = '/reset-password'

/** What is wrong with a password, on a page. */
export const mistakeKeys = { short: 'reset.short', long: 'reset.long' } as const satisfies Record<string, MessageKey>

/**
 * `GET /reset-password`: from a mail, with `token`. The secret leaves the address at once, so that it is in no history and no
 * screenshot.
 */
export const resetPasswordForm: RouteHandler = async c => {
  requirePasswordMail(c)
  const token = queryParameter(c, 'token')
  if (token !== undefined) {
    writeCookie(c, 'link', token.slice(0, 200), KEPT)
    return c.redirect(PATH, 303)
  }
  const found = await findLink(c)
  return found ? showForm(c, found.user) : showExpired(c)
}

/** `POST /reset-password`: field `password`. Signs the user out everywhere; the link is good once. */
export const resetPassword: RouteHandler = async c => {
  requirePasswordMail(c)
  const form = await readForm(c)
  if (!holdsBrowserToken(c, form)) throw new PageError(403, 'error.formExpired')
  const found = await findLink(c)
  if (!found) return showExpired(c)
  const { user } = found
  const runtime = actingAs(c, 'user', user.user_id)
  const language = pageLanguage(c)
  const told = await queueMail(runtime, { kind: 'passwordChanged', userId: user.user_id, language })
  const password = form.get('password') ?? ''
  const mistake = passwordMistake(password)
  if (mistake) return showForm(c, user, mistakeKeys[mistake])
  const isSet = await setPasswordIf(runtime, user.user_id, password, async () => {
    const link = (await findLink(c))?.link
    if (!link) return undefined
    return [spendAccountLink(runtime.store, link), deleteAccountLinks(runtime.store, user.user_id), told]
  })
  if (!isSet) return showExpired(c)
  writeCookie(c, 'link', '', 0)
  return showDone(c)
}

/** The link that this browser came with, while it is good. */
function findLink(c: PageContext) {
  return findGoodLink(c.var.runtime, 'password', readCookie(c, 'link'))
}

function showForm(c: PageContext, user: UserRow, problem?: MessageKey) {
  const language = pageLanguage(c)
  const title = say(language, 'forgotten.title')
  return showPage(c, {
    language,
    title,
    status: problem ? 422 : 200,
    body: html`<div class="who-asks"><h1>${title}</h1></div>
${problem ? alert(say(language, problem)) : ''}
<p>${say(language, 'reset.text', { email: user.email })}</p>
<form method="post" action="${PATH}">
${hiddenField('form_token', browserFormToken(c))}
<input type="hidden" name="username" value="${user.email}" autocomplete="username">
<label>${say(language, 'reset.password')}
<input type="password" name="password" dir="ltr" autocomplete="new-password" minlength="8" required aria-describedby="hint"></label>
<p class="small muted" id="hint">${say(language, 'reset.hint')}</p>
<button type="submit">${say(language, 'forgotten.title')}</button>
</form>`,
  })
}

function showExpired(c: PageContext) {
  const language = pageLanguage(c)
  const title = say(language, 'forgotten.title')
  return showPage(c, {
    language,
    title,
    status: 410,
    body: html`<div class="who-asks"><h1>${title}</h1></div>
<p>${say(language, 'reset.expired')}</p>
<p><a href="/forgotten-password">${say(language, 'reset.again')}</a></p>`,
  })
}

function showDone(c: PageContext) {
  const language = pageLanguage(c)
  const title = say(language, 'forgotten.title')
  return showPage(c, {
    language,
    title,
    body: html`<div class="who-asks"><h1>${title}</h1></div>
${notice(say(language, 'reset.done'))}
<p><a href="/sign-in" role="button">${say(language, 'signIn.title')}</a></p>`,
  })
}
