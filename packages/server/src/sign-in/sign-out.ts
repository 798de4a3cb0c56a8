import { html } from 'hono/html'
import type { PageContext, RouteHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { formToken, holdsFormToken } from '../http/form-token.ts'
import { localPath } from '../http/local-path.ts'
import { hiddenField } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { endSession } from './session.ts'

/** `GET /sign-out` asks, since a link must not sign anyone out. */
export const signOutForm: RouteHandler = c => {
  const { signedIn } = c.var
  if (!signedIn) return showSignedOut(c)
  const language = pageLanguage(c, undefined, signedIn.user.locale)
  const body = html`<h1>${say(language, 'signOut.title')}</h1>
<p>${say(language, 'signOut.text')}</p>
<p class="muted small">${say(language, 'account.signedInAs', { name: signedIn.user.name, email: signedIn.user.email })}</p>
<form method="post" action="/sign-out">${hiddenField('form_token', formToken(c))}
<button type="submit">${say(language, 'signOut.title')}</button></form>`
  return showPage(c, { language, title: say(language, 'signOut.title'), body })
}

/** The page of someone who is not signed in any more. */
export function showSignedOut(c: PageContext, uiLocales?: string) {
  const language = pageLanguage(c, uiLocales)
  const body = html`<h1>${say(language, 'signOut.title')}</h1>
<p role="status">${say(language, 'signOut.done')}</p><p><a href="/sign-in">${say(language, 'signIn.title')}</a></p>`
  return showPage(c, { language, title: say(language, 'signOut.title'), body })
}

/** `POST /sign-out` */
export const signOut: RouteHandler = async c => {
  const form = await readForm(c)
  if (c.var.signedIn) {
    if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
    await endSession(c)
  }
  const { login } = c.var.runtime.settings
  // Else the platform's page would sign the person in again at once.
  if (login?.signOutUrl !== undefined) return c.redirect(login.signOutUrl, 303)
  return c.redirect(localPath(form.get('return_to'), c.var.runtime.settings.origin) ?? '/sign-out', 303)
}
