import { html } from 'hono/html'
import type { RequestContext } from '../http/environment.ts'
import type { Parameters } from '../http/form.ts'
import { authenticatedAt } from '../openid/sign-in.ts'
import type { Language } from '../pages/languages.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { askToSignIn } from '../sign-in/external/ask.ts'
import { tryPassword } from '../sign-in/try-password.ts'

/** Seconds for which a sign-in at the platform's own page is recent. */
const RECENT = 300

/** Whether people sign in with passwords of ours. */
export function hasPasswords(c: RequestContext): boolean {
  return c.var.runtime.settings.login === undefined
}

/** Where the password is asked for; nothing where the platform signs people in. */
export function passwordField(c: RequestContext, language: Language): Fragment | string {
  if (!hasPasswords(c)) return ''
  return html`<label>${say(language, 'console.password')}
<input type="password" name="password" dir="ltr" autocomplete="current-password" required></label>`
}

/**
 * Has the person show again who they are, before what cannot be undone: by the field `password`, with the limits of signing in, or by a
 * sign-in of the last minutes where the platform signs people in.
 * @param returnTo where they go on after a new sign-in
 * @returns nothing where they have; what is wrong, or the answer that asks them
 */
export async function stepUp(
  c: RequestContext,
  form: Parameters,
  returnTo: string,
): Promise<undefined | 'wrong' | { wait: number } | Response> {
  const { runtime, signedIn } = c.var
  const { user, session } = signedIn!
  if (!hasPasswords(c)) {
    if (runtime.clock() / 1000 - authenticatedAt(session) <= RECENT) return undefined
    return askToSignIn(c, { page: { returnTo }, reauthenticate: true })
  }
  const attempt = await tryPassword(c, { user, email: user.email, password: form.get('password') ?? '' })
  if (attempt === 'wrong' || !('succeeded' in attempt)) return attempt
  await attempt.succeeded()
  return undefined
}
