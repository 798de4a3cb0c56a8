import { html } from 'hono/html'
import { recordEvent } from '../audit/record.ts'
import { canonicalEmail, emailForms } from '../companies/emails.ts'
import { endSessionsOfUser } from '../companies/end-sessions.ts'
import { describeUserChange } from '../companies/users.ts'
import type { Runtime } from '../config/runtime.ts'
import { actingAs } from '../http/acting.ts'
import { readCookie, writeCookie } from '../http/cookies.ts'
import type { PageContext, RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { browserFormToken, holdsBrowserToken } from '../http/form-token.ts'
import { queueMail } from '../mail/outbox.ts'
import { hiddenField, notice } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { type AccountLinkRow, deleteAccountLinks, spendAccountLink } from '../store/queries/account-links.ts'
import { type UserRow, updateUser } from '../store/queries/users.ts'
import { ConstraintViolation, retryOnConflict } from '../store/store.ts'
import { findGoodLink } from './account-link.ts'
import { requirePasswordMail } from './forgotten-password.ts'

/** Seconds for which a browser keeps the link that it came with. */
const KEPT = 1800
const PATH = '/confirm-email'

/** `GET /confirm-email`: from a mail to the new address, with `token`, whose secret leaves the address at once. */
export const confirmEmailForm: RouteHandler = async c => {
  requirePasswordMail(c)
  const token = queryParameter(c, 'token')
  if (token !== undefined) {
    writeCookie(c, 'link', token.slice(0, 200), KEPT)
    return c.redirect(PATH, 303)
  }
  const found = await findGoodLink(c.var.runtime, 'email', readCookie(c, 'link'))
  if (!found?.link.email) return showExpired(c)
  const language = pageLanguage(c)
  const values = { email: found.link.email, before: found.user.email }
  return show(
    c,
    html`<p>${say(language, 'email.confirm', values)}</p>
<form method="post" action="${PATH}">${hiddenField('form_token', browserFormToken(c))}
<button type="submit">${say(language, 'email.change')}</button></form>`,
  )
}

/** `POST /confirm-email`: from now on the user signs in with the new address. All browsers are signed out; the link is good once. */
export const confirmEmail: RouteHandler = async c => {
  requirePasswordMail(c)
  const form = await readForm(c)
  if (!holdsBrowserToken(c, form)) throw new PageError(403, 'error.formExpired')
  const found = await findGoodLink(c.var.runtime, 'email', readCookie(c, 'link'))
  if (!found?.link.email) return showExpired(c)
  const runtime = actingAs(c, 'user', found.user.user_id)
  if (!(await changeEmail(runtime, readCookie(c, 'link'), found.link.email, pageLanguage(c)))) return showExpired(c)
  writeCookie(c, 'link', '', 0)
  const language = pageLanguage(c)
  return show(
    c,
    html`${notice(say(language, 'email.done', { email: found.link.email }))}
<p><a href="/sign-in" role="button">${say(language, 'signIn.title')}</a></p>`,
  )
}

/** @returns false where the link is not good any more, or the address is another user's by now */
async function changeEmail(
  runtime: Runtime,
  token: string | undefined,
  email: string,
  language: ReturnType<typeof pageLanguage>,
): Promise<boolean> {
  try {
    return await retryOnConflict(async () => {
      const found = await findGoodLink(runtime, 'email', token)
      if (found?.link.email !== email) return false
      await runtime.store.write(await statementsOf(runtime, found, email, language))
      return true
    })
  } catch (error) {
    if (error instanceof ConstraintViolation) return false
    throw error
  }
}

async function statementsOf(
  runtime: Runtime,
  { link, user }: { link: AccountLinkRow; user: UserRow },
  email: string,
  language: ReturnType<typeof pageLanguage>,
) {
  const { store } = runtime
  const { user_id: userId } = user
  const after = { ...user, email }
  return [
    spendAccountLink(store, link),
    deleteAccountLinks(store, userId),
    ...updateUser(store, user, after, emailForms(user.email), canonicalEmail(email)),
    ...(await endSessionsOfUser(runtime, userId)),
    // Whom the account belonged to until now hears of it.
    await queueMail(runtime, { kind: 'emailChanged', email: user.email, language }),
    recordEvent(runtime, { action: 'user.changed', userId, ...describeUserChange(user, after) }),
  ]
}

function showExpired(c: PageContext) {
  const language = pageLanguage(c)
  return show(
    c,
    html`<p>${say(language, 'email.expired')}</p><p><a href="/account">${say(language, 'account.title')}</a></p>`,
    410,
  )
}

function show(c: PageContext, body: Fragment, status: 200 | 410 = 200) {
  const language = pageLanguage(c)
  const title = say(language, 'email.title')
  return showPage(c, { language, title, status, body: html`<div class="who-asks"><h1>${title}</h1></div>${body}` })
}
