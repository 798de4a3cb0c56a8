import { html, raw } from 'hono/html'
import { writeCookie } from '../http/cookies.ts'
import type { PageContext, RouteHandler } from '../http/environment.ts'
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
export function languageSwitch(c: PageContext, language: Language, returnTo = addressOf(c)): Fragment {
  return html`<form method="post" action="/language" class="language">
${hiddenField('return_to', returnTo)}
<label><span class="sr-only">${say(language, 'language.label')}</span>
<select name="language" autocomplete="off">${choicesIn(language)}</select></label>
<button class="plain" type="submit">${say(language, 'language.submit')}</button></form>`
}

function addressOf(c: PageContext): string {
  // A page that answers a form cannot be opened again.
  if (c.req.method !== 'GET') return '/'
  const { pathname, search } = new URL(c.req.url, c.var.runtime.settings.origin)
  return pathname + search
}

/** `POST /language`: field `language`. It only changes what this browser is shown, so it takes no form token. */
export const switchLanguage: RouteHandler = async c => {
  const form = await readForm(c)
  const language = form.get('language') ?? ''
  if (isLanguage(language)) writeCookie(c, 'language', language, YEAR)
  return c.redirect(localPath(form.get('return_to'), c.var.runtime.settings.origin) ?? '/', 303)
}

/** What can be chosen, once for a page in each language: in ASCII, so that a page in ASCII stays one, which is built and sent faster. */
const choices = new Map<Language, Fragment>()

function choicesIn(language: Language): Fragment {
  const known = choices.get(language)
  if (known) return known
  const options = languages.map(each => {
    const name = new Intl.DisplayNames(each, { type: 'language' }).of(each) ?? each
    const selected = each === language ? ' selected' : ''
    return `<option value="${each}" lang="${each}"${selected}>${inAscii(name)}</option>`
  })
  const made = raw(options.join(''))
  choices.set(language, made)
  return made
}

/** With character references for all else. */
function inAscii(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, character => `&#${character.codePointAt(0)};`)
}
