import { html } from 'hono/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { PageContext } from '../http/environment.ts'
import { browserFormToken } from '../http/form-token.ts'
import { alert, hiddenField } from '../pages/components.ts'
import { type MessageKey, say, sayRich } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { offersPasswordMail } from './forgotten-password.ts'

export interface SignInPage {
  /** Where to go once signed in: a path on this server. */
  returnTo: string
  /** The app that someone is about to allow. */
  app?: { clientId: string; name: string; hasIcon: boolean } | undefined
  uiLocales?: string | undefined
  /** What stands in the e-mail field already. */
  email?: string | undefined
  problem?: MessageKey
  /** Milliseconds until another attempt is possible. */
  wait?: number
  status?: ContentfulStatusCode
  formTargets?: readonly string[]
}

/** What someone is asked to sign in for. */
export interface SignInQuestion {
  page: SignInPage
  companyId?: number | undefined
  scopes?: string[]
  /** The person must sign in again, or choose another account. */
  reauthenticate?: boolean
}

export function showSignInPage(c: PageContext, page: SignInPage) {
  const language = pageLanguage(c, page.uiLocales)
  const { app, wait = 0 } = page
  if (wait > 0) c.header('Retry-After', String(Math.ceil(wait / 1000)))
  const minutes = Math.ceil(wait / 60_000)
  return showPage(c, {
    language,
    title: say(language, 'signIn.title'),
    status: page.status ?? 200,
    formTargets: page.formTargets ?? [],
    body: html`
<div class="who-asks">
<h1>${say(language, 'signIn.title')}</h1>
${app ? html`<p class="muted">${sayRich(language, 'signIn.toContinue', { app: app.name })}</p>` : ''}
</div>
${page.problem ? alert(say(language, page.problem, { minutes })) : ''}
<form method="post" action="/sign-in">
${hiddenField('form_token', browserFormToken(c))}
${hiddenField('return_to', page.returnTo)}
<label>${say(language, 'signIn.email')}
<input type="email" name="email" dir="ltr" autocomplete="username" inputmode="email" spellcheck="false" required value="${page.email ?? ''}"${page.email ? '' : html` autofocus`}></label>
<label>${say(language, 'signIn.password')}
<input type="password" name="password" dir="ltr" autocomplete="current-password" required${page.email ? html` autofocus` : ''}></label>
<button type="submit">${say(language, 'signIn.submit')}</button>
</form>
${offersPasswordMail(c.var.runtime) ? html`<p class="small"><a href="/forgotten-password">${say(language, 'signIn.forgotten')}</a></p>` : ''}`,
  })
}
