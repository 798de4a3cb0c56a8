import { countRefusal } from '../audit/refusals.ts'
import { canonicalEmail } from '../companies/emails.ts'
import { email as emailInput } from '../companies/input.ts'
import { findUserByAnyEmail } from '../companies/users.ts'
import { readCookie } from '../http/cookies.ts'
import type { PageContext, RouteHandler } from '../http/environment.ts'
import { type Parameters, queryParameter, readForm } from '../http/form.ts'
import { holdsBrowserToken } from '../http/form-token.ts'
import { localPath } from '../http/local-path.ts'
import { PageError } from '../pages/error-page.ts'
import type { UserRow } from '../store/queries/users.ts'
import { askToSignIn } from './external/ask.ts'
import { rememberBrowser } from './known-browser.ts'
import { upgradedHash } from './password.ts'
import { startSession } from './session.ts'
import { type SignInPage, showSignInPage } from './sign-in-page.ts'
import { tryPassword } from './try-password.ts'

const AFTERWARDS = '/connected-apps'

/** Finds out whom a sign-in is for, if an app asked for it: shown on the page when it is shown again. */
export type SignInPurpose = (c: PageContext, returnTo: string) => Promise<Partial<SignInPage>>

/** `GET /sign-in` */
export const signInForm: RouteHandler = c => {
  const returnTo = returnPath(c, queryParameter(c, 'return_to'))
  if (c.var.signedIn) return c.redirect(returnTo, 303)
  return askToSignIn(c, { page: { returnTo } })
}

/** `POST /sign-in`: fields `email`, `password`. */
export function signIn(purposeOf: SignInPurpose): RouteHandler {
  return async c => {
    const form = await readForm(c)
    // Passwords are the platform's affair where it has a sign-in page.
    if (c.var.runtime.settings.login) return c.redirect('/sign-in', 303)
    requireOwnForm(c, form)
    const returnTo = returnPath(c, form.get('return_to'))
    const again = async (page: Partial<SignInPage>) =>
      showSignInPage(c, { returnTo, ...(await purposeOf(c, returnTo)), email: form.get('email'), ...page })

    const email = form.get('email')
    const password = form.get('password')
    if (!email || !password) return again({ problem: 'signIn.missing', status: 422 })

    const result = await authenticateUser(c, email, password)
    const outcome = result === 'wrong' ? 'wrong' : 'wait' in result ? 'limited' : 'ok'
    c.var.runtime.metrics.signIns.count({ outcome })
    if (outcome !== 'ok') countRefusal(c.var.runtime, 'sign_in.refused')
    if (result === 'wrong') return again({ problem: 'signIn.wrong', status: 422 })
    if ('wait' in result) return again({ problem: 'signIn.tooMany', wait: result.wait, status: 429 })

    rememberBrowser(c, canonicalEmail(result.email))
    return c.redirect(returnTo, 303)
  }
}

/** Verifies the password and starts the session. */
async function authenticateUser(
  c: PageContext,
  emailText: string,
  password: string,
): Promise<UserRow | 'wrong' | { wait: number }> {
  const { runtime } = c.var
  const typed = emailInput.safeParse(emailText).data ?? emailText.slice(0, 254)
  const user = await findUserByAnyEmail(runtime.store, typed)
  const attempt = await tryPassword(c, { user, email: typed, password })
  if (attempt === 'wrong' || !('succeeded' in attempt)) return attempt
  // Refused where the password was changed, or the user deactivated, since it was verified.
  if (!(await startSession(c, user!, await upgradedHash(user!, password)))) return 'wrong'
  await attempt.succeeded()
  return user!
}

function requireOwnForm(c: PageContext, form: Parameters) {
  // Another user may have signed in in another tab since this page was shown.
  if (holdsBrowserToken(c, form)) return
  const cookieKept = readCookie(c, 'form') !== undefined
  throw new PageError(403, cookieKept ? 'error.formExpired' : 'error.cookies')
}

function returnPath(c: PageContext, wish: string | undefined): string {
  return localPath(wish, c.var.runtime.settings.origin) ?? AFTERWARDS
}
