import { html } from 'hono/html'
import { decideAppRequest } from '../apps/app-requests.ts'
import { NotFoundError } from '../companies/input.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { appMark, hiddenField } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { say } from '../pages/messages.ts'
import { describeScope } from '../pages/scope-descriptions.ts'
import type { ScopeTexts } from '../resource-servers/resource-server.ts'
import { scopeTexts } from '../resource-servers/scopes.ts'
import type { AppFacts } from '../store/queries/apps.ts'
import { findApps, listOpenRequests } from '../store/queries/company-console.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { actAsAdministrator, type CompanyVisit, companyPath, showConsole, visitCompany } from './company-access.ts'
import { tokenField } from './token-field.ts'

/** Requests on one page; answered ones make room. */
const PAGE = 50

/** `GET /company/:company_id/requests`: what members have asked to be let to allow. */
export const companyRequests: RouteHandler = async c => {
  const visit = await visitCompany(c)
  const { companyId, language } = visit
  const { runtime } = c.var
  const requests = await listOpenRequests(runtime.store, companyId, PAGE)
  const apps = await findApps(runtime.store, [...new Set(requests.map(({ client_id }) => client_id))])
  const texts = await scopeTexts(
    runtime,
    requests.flatMap(({ scopes }) => storedScopes(scopes)),
  )
  return showConsole(c, visit, {
    section: '/requests',
    title: say(language, 'console.requests'),
    body: html`${requests.length === 0 ? html`<p class="muted">${say(language, 'console.requests.none')}</p>` : ''}
${requests.map(request => requestSection(c, visit, request, apps.get(request.client_id), texts))}`,
  })
}

/** `POST /company/:company_id/requests`: fields `client_id`, `user_id`, and the button `answer`: `one`, `all` or `refuse`. */
export const answerRequest: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitCompany(c)
  const { companyId } = visit
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const answer = form.get('answer')
  if (answer !== 'one' && answer !== 'all' && answer !== 'refuse') throw new PageError(400, 'error.formExpired')
  const key = { company_id: companyId, user_id: Number(form.get('user_id')), client_id: form.get('client_id') ?? '' }
  if (!Number.isSafeInteger(key.user_id)) throw new PageError(400, 'error.formExpired')
  const decision = answer === 'refuse' ? 'refused' : 'allowed'
  const runtime = actAsAdministrator(c, visit)
  await decideAppRequest(runtime, key, { decision, forAll: answer === 'all' }).catch(error => {
    // The member has left, or the app is gone: so is the request.
    if (!(error instanceof NotFoundError)) throw error
  })
  return c.redirect(companyPath(companyId, '/requests'), 303)
}

type OpenRequest = Awaited<ReturnType<typeof listOpenRequests>>[number]

function requestSection(
  c: RequestContext,
  { companyId, language, day }: CompanyVisit,
  { client_id, user_id, name, email, scopes, reason, requested_at }: OpenRequest,
  app: AppFacts | undefined,
  texts: Record<string, ScopeTexts>,
) {
  if (!app) return ''
  return html`<section class="app">
<div class="installation-head">
${appMark({ clientId: client_id, name: app.name, hasIcon: app.icon_type !== null })}
<div><h2>${app.name}</h2>
<p class="muted small">${say(language, 'console.requests.asked', { name, email, date: day(requested_at) })}</p></div>
</div>
${reason === '' ? '' : html`<blockquote>${reason}</blockquote>`}
<p class="small">${say(language, 'consent.mayDo')}</p>
<ul class="can-do small">${storedScopes(scopes).map(scope => html`<li>${describeScope(language, scope, texts)}</li>`)}</ul>
<form method="post" action="${companyPath(companyId, '/requests')}">
${tokenField(c)}${hiddenField('client_id', client_id)}${hiddenField('user_id', String(user_id))}
<div class="answers">
<button type="submit" name="answer" value="one">${say(language, 'console.requests.one', { name })}</button>
<button type="submit" name="answer" value="all" class="quiet">${say(language, 'console.requests.all')}</button>
<button type="submit" name="answer" value="refuse" class="quiet">${say(language, 'console.requests.refuse')}</button>
</div></form>
</section>`
}
