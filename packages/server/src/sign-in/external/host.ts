import type { ExternalUser, SignInRequest } from '../../config/external-pages.ts'
import type { PageContext } from '../../http/environment.ts'
import { queryParameter } from '../../http/form.ts'
import { findUser } from '../../store/queries/users.ts'
import { startExternalSession } from '../external-session.ts'
import type { SignInQuestion } from '../sign-in-page.ts'

/**
 * Asks the platform that the provider is mounted in who is signed in there, and follows it: its session decides, so that
 * signing out there ends it here.
 */
export async function followHost(c: PageContext): Promise<void> {
  const { origin } = c.var.runtime.settings
  const about = { returnTo: origin + pathAndQuery(c), reauthenticate: false, ...whatIsAsked(c) }
  const answer = await callHost(c, about)
  if (answer instanceof Response) {
    c.set('signedIn', undefined)
    c.set('signInAnswer', answer)
    return
  }
  // A form was shown to the person who was signed in then.
  const isPost = c.req.method === 'POST'
  if (isPost && c.var.signedIn?.user.user_id !== answer.user_id) c.set('signedIn', undefined)
  else if (!isPost) c.set('signedIn', await sessionOf(c, answer))
}

/** @returns what the platform answers: mostly a redirect to its sign-in page */
export async function askHost(c: PageContext, { page, companyId, reauthenticate = false }: SignInQuestion) {
  if (!reauthenticate && c.var.signInAnswer) return c.var.signInAnswer
  const about: SignInRequest = {
    returnTo: c.var.runtime.settings.origin + page.returnTo,
    reauthenticate,
    ...(page.app && { clientId: page.app.clientId }),
    ...(page.email !== undefined && { loginHint: page.email }),
    ...(page.uiLocales !== undefined && { uiLocales: page.uiLocales }),
    ...(companyId !== undefined && { companyId }),
  }
  const answer = await callHost(c, about)
  if (answer instanceof Response) return answer
  await sessionOf(c, answer)
  return c.redirect(page.returnTo, 303)
}

async function callHost(c: PageContext, about: SignInRequest): Promise<ExternalUser | Response> {
  const { origin, login } = c.var.runtime.settings
  // The body is ours to read.
  const answer = await login!.signIn!(new Request(origin + pathAndQuery(c), { headers: c.req.raw.headers }), about)
  if (!(answer instanceof Response)) return answer
  const location = answer.headers.get('Location')
  if (!location?.startsWith('/')) return answer
  // It leads to the platform's pages, not below the path that the provider is mounted at.
  const headers = new Headers(answer.headers)
  headers.set('Location', new URL(location, origin).href)
  return new Response(answer.body, { status: answer.status, headers })
}

function pathAndQuery(c: PageContext): string {
  return c.req.path + new URL(c.req.url, c.var.runtime.settings.origin).search
}

function whatIsAsked(c: PageContext): Partial<SignInRequest> {
  const [clientId, loginHint, uiLocales] = ['client_id', 'login_hint', 'ui_locales'].map(name =>
    queryParameter(c, name),
  )
  return {
    ...(clientId !== undefined && { clientId }),
    ...(loginHint !== undefined && { loginHint }),
    ...(uiLocales !== undefined && { uiLocales }),
  }
}

async function sessionOf(c: PageContext, answer: ExternalUser) {
  const user = await findUser(c.var.runtime.store, answer.user_id)
  if (!user || user.deleted_at !== null || user.active !== 1) {
    throw new Error(`login.signIn named user ${answer.user_id}, who does not exist or is not active.`)
  }
  return startExternalSession(c, user, answer, { clientId: queryParameter(c, 'client_id') })
}
