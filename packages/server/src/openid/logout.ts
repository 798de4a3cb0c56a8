import { html } from 'hono/html'
import { type App, findRegisteredApp } from '../apps/apps.ts'
import { formTargets, matchesRedirectUri } from '../apps/redirect-uri.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { type Parameters, parseParameters, readForm } from '../http/form.ts'
import { formToken, holdsFormToken } from '../http/form-token.ts'
import { rawQuery } from '../http/raw-query.ts'
import { hiddenField } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { endSession, sidOf } from '../sign-in/session.ts'
import { showSignedOut } from '../sign-in/sign-out.ts'
import { type HintedSignIn, readIdTokenHint } from './id-token.ts'

/** What an app asks when someone signs out there (OpenID Connect RP-Initiated Logout section 2), checked. */
interface LogoutRequest {
  app: App | undefined
  hint: HintedSignIn | undefined
  /** Where the person goes afterwards, with `state`. */
  returnTo: string | undefined
  uiLocales: string | undefined
}

/** Carried through the form, which checks them again. */
const CARRIED = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state', 'ui_locales'] as const

/**
 * `GET` and `POST /oauth/logout`: ends the session that the ID token was given in at once; without one, or in another session,
 * it asks, since a link must not sign anyone out.
 */
export const logout: RouteHandler = async c => {
  const isPosted = c.req.method === 'POST'
  const parameters = isPosted ? await readForm(c) : parseParameters(rawQuery(c.req.url)).parameters
  // Posted by another site: only what follows carries the cookie of the session.
  if (isPosted && !parameters.has('form_token')) return c.redirect(`/oauth/logout?${queryOf(parameters)}`, 303)
  const request = await checkLogoutRequest(c, parameters)
  const { signedIn } = c.var
  if (!signedIn) return goOn(c, request)
  const isOwnSession = request.hint?.sid === sidOf(signedIn.session)
  const isConfirmed = isPosted && holdsFormToken(c, parameters)
  if (!isOwnSession && !isConfirmed) return ask(c, request, parameters)
  await endSession(c)
  return goOn(c, request)
}

/** @throws {PageError} where it is not certain that the request is the app's own */
async function checkLogoutRequest(c: RequestContext, parameters: Parameters): Promise<LogoutRequest> {
  const { runtime } = c.var
  const hintText = parameters.get('id_token_hint')
  const hint = hintText === undefined ? undefined : await readIdTokenHint(runtime, hintText)
  if (hintText !== undefined && !hint) throw new PageError(400, 'error.logoutHint')
  const clientId = parameters.get('client_id') ?? hint?.clientId
  if (hint && hint.clientId !== clientId) throw new PageError(400, 'error.logoutHint')
  const app = clientId === undefined ? undefined : await findRegisteredApp(runtime, clientId)
  if (clientId !== undefined && !app) throw new PageError(400, 'error.unknownApp')
  return { app, hint, returnTo: checkReturn(app, parameters), uiLocales: parameters.get('ui_locales') }
}

/** Only to an address that is registered for the app, and so never to one where the app is not known. */
function checkReturn(app: App | undefined, parameters: Parameters): string | undefined {
  const uri = parameters.get('post_logout_redirect_uri')
  if (uri === undefined) return undefined
  if (!app?.postLogoutRedirectUris.some(registered => matchesRedirectUri(registered, uri))) {
    throw new PageError(400, 'error.logoutRedirect', { app: app?.name ?? '' })
  }
  const state = parameters.get('state')
  return state === undefined ? uri : `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`
}

function queryOf(parameters: Parameters): string {
  return new URLSearchParams(carried(parameters)).toString()
}

function carried(parameters: Parameters): [name: string, value: string][] {
  return CARRIED.flatMap(name => {
    const value = parameters.get(name)
    return value === undefined ? [] : [[name, value] as [string, string]]
  })
}

function goOn(c: RequestContext, { returnTo, uiLocales }: LogoutRequest) {
  const { login } = c.var.runtime.settings
  c.header('Cache-Control', 'no-store')
  // Else the platform's own page would sign the person in again at once.
  if (login?.signOutUrl !== undefined) return c.redirect(withReturn(login.signOutUrl, returnTo), 303)
  return returnTo === undefined ? showSignedOut(c, uiLocales) : c.redirect(returnTo, 303)
}

function withReturn(address: string, returnTo: string | undefined): string {
  if (returnTo === undefined) return address
  return `${address}${address.includes('?') ? '&' : '?'}${new URLSearchParams({ return_to: returnTo })}`
}

function ask(c: RequestContext, { app, returnTo, uiLocales }: LogoutRequest, parameters: Parameters) {
  const { user } = c.var.signedIn!
  const language = pageLanguage(c, uiLocales, user.locale)
  const fields = carried(parameters).map(([name, value]) => hiddenField(name, value))
  const body = html`<h1>${say(language, 'signOut.title')}</h1>
<p>${app ? say(language, 'signOut.fromApp', { app: app.name }) : say(language, 'signOut.text')}</p>
<p class="muted small">${say(language, 'account.signedInAs', { name: user.name, email: user.email })}</p>
<form method="post" action="/oauth/logout">${hiddenField('form_token', formToken(c))}${fields}
<button type="submit">${say(language, 'signOut.title')}</button></form>`
  const targets = returnTo === undefined ? [] : formTargets(returnTo)
  return showPage(c, { language, title: say(language, 'signOut.title'), body, formTargets: targets })
}
