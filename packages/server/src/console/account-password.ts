import { html } from 'hono/html'
import { actingAs } from '../http/acting.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { queueMail, sendsMail } from '../mail/outbox.ts'
import { alert, notice } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import type { Language } from '../pages/languages.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { passwordMistake, setPasswordIf } from '../sign-in/password.ts'
import { findUser, requireUnchangedSignIn } from '../store/queries/users.ts'
import { hasPasswords, stepUp } from './step-up.ts'
import { tokenField } from './token-field.ts'

const PATH = '/account'
const PROBLEMS = {
  wrong: 'console.password.wrong',
  short: 'reset.short',
  long: 'reset.long',
  wait: 'signIn.tooMany',
} as const

/** How someone changes the password that they sign in with. */
export function passwordSection(c: RequestContext, language: Language): Fragment | string {
  if (!hasPasswords(c)) return ''
  const [kind, minutes = ''] = (queryParameter(c, 'password') ?? '').split('-')
  const problem = Object.hasOwn(PROBLEMS, kind!) ? PROBLEMS[kind as keyof typeof PROBLEMS] : undefined
  return html`<h2 class="apart">${say(language, 'account.password')}</h2>
${problem ? alert(say(language, problem, { minutes: /^\d{1,4}$/.test(minutes) ? Number(minutes) : 1 })) : ''}
<details${problem ? html` open` : ''}><summary>${say(language, 'account.password.change')}</summary>
<p class="small">${say(language, 'account.password.text')}</p>
<form method="post" action="${PATH}/password">${tokenField(c)}
<input type="hidden" name="username" value="${c.var.signedIn!.user.email}" autocomplete="username">
<label>${say(language, 'account.password.present')}
<input type="password" name="password" dir="ltr" autocomplete="current-password" required></label>
<label>${say(language, 'reset.password')}
<input type="password" name="new_password" dir="ltr" autocomplete="new-password" minlength="8" required aria-describedby="password-hint"></label>
<p class="small muted" id="password-hint">${say(language, 'reset.hint')}</p>
<button type="submit">${say(language, 'account.password.change')}</button></form></details>`
}

/** `POST /account/password`: fields `password` and `new_password`. Signs the user out everywhere. */
export const changePassword: RouteHandler = async c => {
  const form = await readForm(c)
  if (!c.var.signedIn) return c.redirect(PATH, 303)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  if (!hasPasswords(c)) throw new PageError(404, 'error.notFound')
  const { user_id } = c.var.signedIn.user
  const password = form.get('new_password') ?? ''
  const mistake = passwordMistake(password)
  if (mistake) return back(c, mistake)
  const problem = await stepUp(c, form, PATH)
  if (problem instanceof Response) return problem
  if (problem === 'wrong') return back(c, 'wrong')
  if (problem) return back(c, `wait-${Math.ceil(problem.wait / 60_000)}`)
  const runtime = actingAs(c, 'user', user_id)
  const { store, settings } = runtime
  const verified = c.var.signedIn.user.password_hash
  const language = pageLanguage(c, undefined, c.var.signedIn.user.locale)
  const told = sendsMail(settings)
    ? [await queueMail(runtime, { kind: 'passwordChanged', userId: user_id, language })]
    : []
  const isSet = await setPasswordIf(runtime, user_id, password, async () => {
    const user = await findUser(store, user_id)
    // The one that was given is not the password any more.
    if (user?.password_hash !== verified) return undefined
    return [requireUnchangedSignIn(store, user), ...told]
  })
  return isSet ? showDone(c, language) : back(c, 'wrong')
}

function back(c: RequestContext, what: string) {
  return c.redirect(`${PATH}?password=${what}`, 303)
}

function showDone(c: RequestContext, language: Language) {
  const title = say(language, 'account.password.change')
  return showPage(c, {
    language,
    title,
    body: html`<div class="who-asks"><h1>${title}</h1></div>
${notice(say(language, 'reset.done'))}
<p><a href="/sign-in?return_to=%2Faccount" role="button">${say(language, 'signIn.title')}</a></p>`,
  })
}
