import { html } from 'hono/html'
import { clientAddress } from '../http/client-address.ts'
import type { PageContext, RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { formToken, holdsFormToken } from '../http/form-token.ts'
import { accountFooter } from '../pages/account-footer.ts'
import { alert, hiddenField } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type MessageKey, say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { countAttempt } from '../sign-in/attempt-limits.ts'
import { askToSignIn } from '../sign-in/external/ask.ts'
import { beginByUserCode, devicePath, formatUserCode, readUserCode } from './device-request.ts'

/** `GET /device` (RFC 8628 section 3.3), with `user_code` where the device gave a link: signs in, and asks for the code. */
export const deviceForm: RouteHandler = async c => {
  const letters = readUserCode(queryParameter(c, 'user_code') ?? '')
  const code = letters && formatUserCode(letters)
  if (c.var.signedIn) return showCodePage(c, { code })
  return askToSignIn(c, { page: { returnTo: code ? `/device?user_code=${code}` : '/device' } })
}

/** `POST /device`: field `user_code`. Leads to the choice of a company, in this browser alone. */
export const enterDeviceCode: RouteHandler = async c => {
  const form = await readForm(c)
  const { runtime, signedIn } = c.var
  if (!signedIn) return c.redirect('/device', 303)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const code = form.get('user_code')?.slice(0, 40)
  // Counted before it is looked up, so that parallel guesses count too.
  const account = `device codes of user ${signedIn.user.user_id}`
  // By account, from wherever: its owner is the one who guesses.
  const attempt = await countAttempt(runtime, { account, address: clientAddress(c), knownBrowser: 'any' })
  if (!('succeeded' in attempt)) return showCodePage(c, { code, problem: 'signIn.tooMany', wait: attempt.wait })
  const letters = readUserCode(code ?? '')
  const request = letters && (await beginByUserCode(c, letters))
  if (!request) return showCodePage(c, { code, problem: 'device.unknown' })
  await attempt.succeeded()
  return c.redirect(devicePath(request), 303)
}

/** `GET /device/allowed`: where a person ends who has allowed a device. */
export const deviceAllowed: RouteHandler = c => showEnd(c, 'device.allowed.title', 'device.allowed.text')

/** `GET /device/denied`: the same who has not, or where the app asked for what it may not have. */
export const deviceDenied: RouteHandler = c => showEnd(c, 'device.denied.title', 'device.denied.text')

function showEnd(c: PageContext, titleKey: MessageKey, textKey: MessageKey) {
  const language = pageLanguage(c, undefined, c.var.signedIn?.user.locale)
  const title = say(language, titleKey)
  return showPage(c, {
    language,
    title,
    footer: accountFooter(c, language, '/sign-in'),
    body: html`<h1>${title}</h1><p>${say(language, textKey)}</p>`,
  })
}

interface CodePage {
  code: string | undefined
  problem?: MessageKey
  /** Milliseconds to wait after too many attempts. */
  wait?: number
}

function showCodePage(c: PageContext, { code, problem, wait = 0 }: CodePage) {
  const language = pageLanguage(c, undefined, c.var.signedIn!.user.locale)
  if (wait > 0) c.header('Retry-After', String(Math.ceil(wait / 1000)))
  return showPage(c, {
    language,
    title: say(language, 'device.title'),
    status: wait > 0 ? 429 : problem ? 422 : 200,
    footer: accountFooter(c, language, '/device'),
    body: html`
<div class="who-asks">
<h1>${say(language, 'device.title')}</h1>
<p class="muted">${say(language, 'device.intro')}</p>
</div>
${problem ? alert(say(language, problem, { minutes: Math.ceil(wait / 60_000) })) : ''}
<form method="post" action="/device">
${hiddenField('form_token', formToken(c))}
<label>${say(language, 'device.code')}
<input name="user_code" class="code" dir="ltr" autocomplete="off" autocapitalize="characters" spellcheck="false" required maxlength="20" placeholder="BCDF-GHJK" value="${code ?? ''}"${code ? '' : html` autofocus`}></label>
<p class="notice">${say(language, 'device.compare')}</p>
<button type="submit">${say(language, 'company.submit')}</button>
</form>`,
  })
}
