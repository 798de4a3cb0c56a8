import { html } from 'hono/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { PageContext } from '../http/environment.ts'
import { queryParameter } from '../http/form.ts'
import { type MessageKey, type MessageValues, say } from './messages.ts'
import { pageLanguage, showPage } from './page.ts'

/** The error page: never a redirect, and never text from an untrusted request. */
export class PageError extends Error {
  override name = 'PageError'
  readonly status: ContentfulStatusCode
  readonly key: MessageKey
  readonly values: MessageValues
  readonly headers: Record<string, string>

  constructor(
    status: ContentfulStatusCode,
    key: MessageKey,
    values: MessageValues = {},
    headers: Record<string, string> = {},
  ) {
    super(key)
    this.status = status
    this.key = key
    this.values = values
    this.headers = headers
  }
}

export function showErrorPage(c: PageContext, { status, key, values, headers }: PageError) {
  const language = pageLanguage(c, queryParameter(c, 'ui_locales'), c.var.signedIn?.user.locale)
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  return showPage(c, {
    language,
    title: say(language, 'error.title'),
    status,
    body: html`<h1>${say(language, 'error.title')}</h1><p>${say(language, key, values)}</p>
<p><a href="/">${say(language, 'error.back')}</a></p>`,
  })
}
