import type { PageContext } from '../../http/environment.ts'
import { browserValue } from '../../http/form-token.ts'
import { type SignInQuestion, showSignInPage } from '../sign-in-page.ts'
import { issueChallenge } from './challenge.ts'
import { askHost } from './host.ts'

/** Asks to sign in: on our page, or on the platform's own where it has one. */
export async function askToSignIn(c: PageContext, question: SignInQuestion): Promise<Response> {
  const { login } = c.var.runtime.settings
  if (login?.signIn) return askHost(c, question)
  if (login?.url === undefined) return showSignInPage(c, question.page)
  const { returnTo, app, email, uiLocales } = question.page
  const { companyId, scopes = [], reauthenticate = false } = question
  const challenge = issueChallenge(c.var.runtime, browserValue(c), {
    kind: 'login',
    returnTo,
    clientId: app?.clientId,
    companyId,
    scopes,
    loginHint: email,
    uiLocales,
    reauthenticate,
  })
  // Beside the challenge what the page may want to know at once; it is not sealed, and nothing is decided by it.
  return redirectTo(c, login.url, {
    login_challenge: challenge,
    client_id: app?.clientId,
    company_id: companyId?.toString(),
    login_hint: email,
    ui_locales: uiLocales,
    prompt: reauthenticate ? 'login' : undefined,
  })
}

/** Sends the browser to one of the platform's own pages. */
export function redirectTo(c: PageContext, address: string, parameters: Record<string, string | undefined>) {
  const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined)
  c.header('Cache-Control', 'no-store')
  return c.redirect(`${address}${address.includes('?') ? '&' : '?'}${new URLSearchParams(given)}`, 303)
}
