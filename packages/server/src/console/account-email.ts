import { html } from 'hono/html'
import { canonicalEmail } from '../companies/emails.ts'
import { signInEmail } from '../companies/input.ts'
import { actingAs } from '../http/acting.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { queueMail } from '../mail/outbox.ts'
import { alert, notice } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import type { Language } from '../pages/languages.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { pageLanguage } from '../pages/page.ts'
import { offersPasswordMail } from '../sign-in/forgotten-password.ts'
import { stepUp } from './step-up.ts'
import { tokenField } from './token-field.ts'

const PATH = '/account'
const PROBLEMS = { wrong: 'console.password.wrong', address: 'forgotten.wrong', wait: 'signIn.tooMany' } as const

/** What someone signs in with, and how they change it. */
export function emailSection(c: RequestContext, language: Language): Fragment | string {
  const { runtime, signedIn } = c.var
  if (!offersPasswordMail(runtime)) return ''
  const [kind, minutes = ''] = (queryParameter(c, 'email') ?? '').split('-')
  const problem = Object.hasOwn(PROBLEMS, kind!) ? PROBLEMS[kind as keyof typeof PROBLEMS] : undefined
  return html`<h2 class="apart">${say(language, 'email.title')}</h2>
${kind === 'sent' ? notice(say(language, 'email.sent')) : ''}
${problem ? alert(say(language, problem, { minutes: /^\d{1,4}$/.test(minutes) ? Number(minutes) : 1 })) : ''}
<p class="small">${say(language, 'email.now', { email: signedIn!.user.email })}</p>
<details><summary>${say(language, 'email.change')}</summary>
<form method="post" action="${PATH}/email">${tokenField(c)}
<label>${say(language, 'email.new')}
<input type="email" name="email" dir="ltr" autocomplete="email" required></label>
<label>${say(language, 'console.password')}
<input type="password" name="password" dir="ltr" autocomplete="current-password" required></label>
<button type="submit">${say(language, 'forgotten.submit')}</button></form></details>`
}

/**
 * `POST /account/email`: fields `email`, `password`. A link goes to the new address. Whether another user has it already is not told
 * here: then none is sent.
 */
export const changeEmailAddress: RouteHandler = async c => {
  const form = await readForm(c)
  if (!c.var.signedIn) return c.redirect(PATH, 303)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  if (!offersPasswordMail(c.var.runtime)) throw new PageError(404, 'error.notFound')
  const { user } = c.var.signedIn
  const typed = signInEmail.safeParse(form.get('email'))
  if (!typed.success || canonicalEmail(typed.data) === canonicalEmail(user.email)) return back(c, 'address')
  const problem = await stepUp(c, form, PATH)
  if (problem instanceof Response) return problem
  if (problem === 'wrong') return back(c, 'wrong')
  if (problem) return back(c, `wait-${Math.ceil(problem.wait / 60_000)}`)
  const runtime = actingAs(c, 'user', user.user_id)
  const language = pageLanguage(c, undefined, user.locale)
  const topic = { kind: 'email' as const, userId: user.user_id, email: typed.data, language }
  await runtime.store.write([await queueMail(runtime, topic)])
  return back(c, 'sent')
}

function back(c: RequestContext, what: string) {
  return c.redirect(`${PATH}?email=${what}`, 303)
}
