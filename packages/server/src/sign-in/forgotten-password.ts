import { html } from 'hono/html'
import { canonicalEmail } from '../companies/emails.ts'
import { email as emailInput } from '../companies/input.ts'
import { clientAddress } from '../http/client-address.ts'
import type { PageContext, RouteHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { browserFormToken, holdsBrowserToken } from '../http/form-token.ts'
import { queueMail, sendsMail } from '../mail/outbox.ts'
import { LINK_LIFETIME } from '../mail/write-mail.ts'
import { alert, hiddenField, notice } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type MessageKey, say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { countAttempt } from './attempt-limits.ts'

/** Whether people can have a link sent to set a new password: there is mail, and the passwords are ours. */
export function offersPasswordMail({ settings }: PageContext['var']['runtime']): boolean {
  return sendsMail(settings) && settings.login === undefined
}

/** @throws {PageError} 404 where there are no such mails */
export function requirePasswordMail(c: PageContext) {
  if (!offersPasswordMail(c.var.runtime)) throw new PageError(404, 'error.notFound')
}

/** `GET /forgotten-password` */
export const forgottenPassword: RouteHandler = c => {
  requirePasswordMail(c)
  return showForm(c, {})
}

/**
 * `POST /forgotten-password`: field `email`. The answer, and what is done before it, are the same whether there is such an account or
 * not: who it is for is looked up when the mail is written.
 */
export const askForPasswordMail: RouteHandler = async c => {
  requirePasswordMail(c)
  const form = await readForm(c)
  if (!holdsBrowserToken(c, form)) throw new PageError(403, 'error.formExpired')
  const email = emailInput.safeParse(form.get('email')).data
  if (email === undefined) return showForm(c, { problem: 'forgotten.wrong', email: form.get('email')?.slice(0, 254) })
  const { runtime } = c.var
  const account = `password mail to ${canonicalEmail(email)}`
  const attempt = await countAttempt(runtime, { account, address: clientAddress(c), knownBrowser: undefined })
  if (!('succeeded' in attempt)) return showForm(c, { problem: 'signIn.tooMany', wait: attempt.wait, email })
  const topic = { kind: 'password' as const, email, language: pageLanguage(c) }
  await runtime.store.write([await queueMail(runtime, topic)])
  return showForm(c, { isSent: true })
}

interface Shown {
  problem?: MessageKey
  /** Milliseconds. */
  wait?: number
  email?: string | undefined
  isSent?: boolean
}

function showForm(c: PageContext, { problem, wait = 0, email, isSent }: Shown) {
  const language = pageLanguage(c)
  const title = say(language, 'forgotten.title')
  const minutes = Math.ceil(wait / 60_000)
  if (wait > 0) c.header('Retry-After', String(Math.ceil(wait / 1000)))
  return showPage(c, {
    language,
    title,
    ...(problem && { status: wait > 0 ? (429 as const) : (422 as const) }),
    body: html`<div class="who-asks"><h1>${title}</h1></div>
${problem ? alert(say(language, problem, { minutes })) : ''}
${
  isSent
    ? notice(say(language, 'forgotten.sent', { minutes: LINK_LIFETIME / 60_000 }))
    : html`<p>${say(language, 'forgotten.text')}</p>
<form method="post" action="/forgotten-password">
${hiddenField('form_token', browserFormToken(c))}
<label>${say(language, 'signIn.email')}
<input type="email" name="email" dir="ltr" autocomplete="username" inputmode="email" spellcheck="false" required value="${email ?? ''}"></label>
<button type="submit">${say(language, 'forgotten.submit')}</button>
</form>`
}
<p class="small"><a href="/sign-in">${say(language, 'signIn.title')}</a></p>`,
  })
}
