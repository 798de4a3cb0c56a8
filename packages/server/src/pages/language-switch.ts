import { html } from 'hono/html'
import { writeCookie } from '../http/cookies.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { localPath } from '../http/local-path.ts'
import { hiddenField } from './components.ts'
import { isLanguage, type Language, languages } from './languages.ts'
import { type Fragment, say } from './messages.ts'

const YEAR = 365 * 24 * 3600

/**
 * A form that changes the language of all pages, for this browser.
 * @param returnTo where it leads, for a page that its own address does not show again
 */
export function languageSwitch(c: RequestContext, language: Language, returnTo = addressOf(c)): Fragment {
  return html`<form method="post" action="/language" class="language">
${hiddenField('return_to', returnTo)}
<label><span class="sr-only">${say(language, 'language.label')}</span>
<select name="language" autocomplete="off">${languages.map(
    each =>
      html`<option value="${each}" lang="${each}"${each === language ? html` selected` : ''}>${names.get(each)!}</option>`,
  )}</select></label>
<button class="plain" type="submit">${say(language, 'language.submit')}</button></form>`
}

function addressOf(c: RequestContext): string {
  // A page that answers a form cannot be opened again.
  if (c.req.method !== 'GET') return '/'
  const { pathname, search } = new URL(c.req.url)
  return pathname + search
}

/** `POST /language`: field `language`. It only changes what this browser is shown, so it takes no form token. */
export const switchLanguage: RouteHandler = async c => {
  const form = await readForm(c)
  const language = form.get('language') ?? ''
  if (isLanguage(language)) writeCookie(c, 'language', language, YEAR)
  return c.redirect(localPath(form.get('return_to'), c.var.runtime.settings.origin) ?? '/', 303)
}

/** Each in its own language. */
const names = new Map<Language, string>(
  languages.map(each => [each, new Intl.DisplayNames(each, { type: 'language' }).of(each) ?? each]),
)
