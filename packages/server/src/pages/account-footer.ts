import { html } from 'hono/html'
import type { PageContext } from '../http/environment.ts'
import { formToken } from '../http/form-token.ts'
import { hiddenField } from './components.ts'
import type { Language } from './languages.ts'
import { type Fragment, say } from './messages.ts'

/** Who is signed in, with the way out. */
export function accountFooter(c: PageContext, language: Language, returnTo: string): Fragment | undefined {
  const { signedIn } = c.var
  if (!signedIn) return undefined
  const { name, email } = signedIn.user
  const apps =
    c.req.path === '/connected-apps' ? '' : html` <a href="/connected-apps">${say(language, 'connected.title')}</a>`
  return html`<span>${say(language, 'account.signedInAs', { name, email: email })}</span>
<form method="post" action="/sign-out">${hiddenField('form_token', formToken(c))}${hiddenField('return_to', returnTo)}
<button class="plain" type="submit">${say(language, 'account.signOut')}</button></form>${apps}`
}
