import { html } from 'hono/html'
import { actingAs } from '../http/acting.ts'
import { readCookie, writeCookie } from '../http/cookies.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { OAuthError } from '../http/errors.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { beginTrial, endTrial, exchangeTrialCode, type Trial, trialQuery } from '../oauth/trial.ts'
import { notice } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type Fragment, say } from '../pages/messages.ts'
import type { IssuedTokens } from '../tokens/issue.ts'
import { formatScopes } from '../tokens/scopes.ts'
import { respondUsersMe } from '../users-me/users-me.ts'
import { type AppDeskVisit, deskAppPath, type EnterApp } from './app-desk.ts'
import { developerAppDesk } from './developer-desk.ts'
import { operatorAppDesk } from './operator-desk.ts'

/** Seconds for which a browser may be on its way. */
const KEPT = 3600

/** `POST BASE/apps/:client_id/try`: walks the flow as the app would, with the developer as the person. */
export function tryAppOf(enter: EnterApp): RouteHandler {
  return async c => {
    const form = await readForm(c)
    const visit = await enter(c)
    if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
    const { path, trial } = await beginTrial(c.var.runtime, visit.app)
    const clientId = Buffer.from(visit.app.clientId).toString('base64url')
    writeCookie(c, 'try', [trial.state, trial.verifier, clientId, visit.companyId ?? 0].join('.'), KEPT)
    return c.redirect(path, 303)
  }
}

/** `GET /try-app`: where the flow ends. Shows each step, and ends the tokens. */
export const finishTry: RouteHandler = async c => {
  const [state, verifier, encodedId, company] = (readCookie(c, 'try') ?? '').split('.')
  writeCookie(c, 'try', '', 0)
  if (!state || !verifier || queryParameter(c, 'state') !== state) throw new PageError(400, 'error.requestExpired')
  const clientId = Buffer.from(encodedId ?? '', 'base64url').toString()
  // Whether they may is looked at again: the cookie is the browser's.
  const companyId = Number(company)
  const visit = companyId > 0 ? await developerAppDesk(c, clientId, companyId) : await operatorAppDesk(c, clientId)
  const code = queryParameter(c, 'code')
  const trial = { state, verifier }
  if (code === undefined) return showRefusal(c, visit, trial)
  const runtime = actingAs(c, 'app', clientId)
  try {
    const tokens = await exchangeTrialCode(runtime, visit.app, trial, code)
    try {
      const { body } = await respondUsersMe(runtime, `Bearer ${tokens.accessToken}`)
      return await showSteps(c, visit, { trial, code, tokens, user: body.text })
    } finally {
      await endTrial(runtime, tokens)
    }
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    return showRefusal(c, visit, trial, error)
  }
}

interface Walked {
  trial: Trial
  code: string
  tokens: IssuedTokens
  /** The body of `GET /users/me`. */
  user: string
}

function showSteps(c: RequestContext, visit: AppDeskVisit, { trial, code, tokens, user }: Walked) {
  const { language, app } = visit
  const { origin } = c.var.runtime.settings
  const exchange = `POST ${origin}/oauth/token
grant_type=authorization_code
code=${shortened(code)}
redirect_uri=…
code_verifier=…`
  const answer = {
    access_token: shortened(tokens.accessToken),
    token_type: 'Bearer',
    ...(tokens.refreshToken !== null && { refresh_token: shortened(tokens.refreshToken) }),
    scope: formatScopes(tokens.scopes, app.profile),
  }
  return visit.show({
    title: say(language, 'developer.try.title', { app: app.name }),
    address: deskAppPath(visit),
    body: html`${notice(say(language, 'developer.try.done', { app: app.name }))}
<h2>${say(language, 'developer.try.request')}</h2>${requestText(c, visit, trial)}
<h2>${say(language, 'developer.try.answer')}</h2>${block(`code=${shortened(code)}&state=${trial.state}`)}
<h2>${say(language, 'developer.try.token')}</h2>${block(exchange)}${block(JSON.stringify(answer, null, 2))}
<h2>${say(language, 'developer.try.user')}</h2>${block(JSON.stringify(JSON.parse(user), null, 2))}
${links(visit)}`,
  })
}

function showRefusal(c: RequestContext, visit: AppDeskVisit, trial: Trial, refused?: OAuthError) {
  const { language, app } = visit
  const error = refused?.code ?? queryParameter(c, 'error') ?? ''
  const description = refused?.description ?? queryParameter(c, 'error_description') ?? ''
  return visit.show({
    title: say(language, 'developer.try.refused', { app: app.name }),
    address: deskAppPath(visit),
    body: html`<h2>${say(language, 'developer.try.request')}</h2>${requestText(c, visit, trial)}
<h2>${say(language, 'developer.try.answer')}</h2>${block(`error=${error.slice(0, 100)}\n${description.slice(0, 500)}`)}
${links(visit)}`,
  })
}

function requestText(c: RequestContext, { app }: AppDeskVisit, trial: Trial): Fragment {
  const { runtime } = c.var
  const parameters = [...trialQuery(runtime, app, trial)].map(([name, value]) => `${name}=${value}`)
  return block(`GET ${runtime.settings.origin}/oauth/authorize\n${parameters.join('\n')}`)
}

function block(text: string): Fragment {
  return html`<pre tabindex="0"><code>${text}</code></pre>`
}

function links(visit: AppDeskVisit): Fragment {
  const { language, app } = visit
  return html`<p><a href="/connected-apps">${say(language, 'connected.title')}</a> ·
<a href="${deskAppPath(visit)}">${say(language, 'operator.app.back', { app: app.name })}</a></p>`
}

/** What kind it is, without what makes it good for anything. */
function shortened(token: string): string {
  return `${token.slice(0, 10)}…`
}
