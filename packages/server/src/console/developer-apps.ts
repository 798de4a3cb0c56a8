import { html } from 'hono/html'
import { deleteApp } from '../apps/delete-app.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { appMark } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { guardStore } from '../store/guarded-store.ts'
import { isDeveloper, pageOfOwnApps, requirePrivate } from '../store/queries/app-owners.ts'
import { confirmOnAppPage } from './app-page.ts'
import { type CompanyVisit, companyPath, showConsole } from './company-access.ts'
import { visitDevelopers } from './developer-access.ts'
import { developerAppDesk } from './developer-desk.ts'

const PAGE = 50

/** `GET /company/:company_id/developer`: the apps that someone may change, for administrators all that the company develops. */
export const developerApps: RouteHandler = async c => {
  const visit = await visitDevelopers(c)
  const { companyId, language, membership } = visit
  const { store } = c.var.runtime
  const { user_id } = c.var.signedIn!.user
  const values = { company: membership.company_name }
  if (!(await isDeveloper(store, companyId, user_id))) return showClosed(c, visit)
  const after = queryParameter(c, 'after')
  const found = await pageOfOwnApps(store, {
    companyId,
    limit: PAGE + 1,
    ...(membership.is_admin !== 1 && { ownerId: user_id }),
    ...(after !== undefined && { after: after.slice(0, 512) }),
  })
  const apps = found.slice(0, PAGE)
  const next = new URLSearchParams({ after: apps.at(-1)?.client_id ?? '' })
  return showConsole(c, visit, {
    section: '/developer',
    title: say(language, 'developer.title'),
    body: html`<p class="muted">${say(language, apps.length === 0 ? 'developer.none' : 'developer.intro', values)}</p>
<p><a href="${companyPath(companyId, '/developer/new-app')}" role="button">${say(language, 'operator.app.new')}</a></p>
${apps.map(app => appLine(visit, app))}
${found.length > PAGE ? html`<p><a href="${companyPath(companyId, `/developer?${next}`)}">${say(language, 'console.more')}</a></p>` : ''}`,
  })
}

function appLine(
  { companyId, language, membership }: CompanyVisit,
  app: Awaited<ReturnType<typeof pageOfOwnApps>>[number],
): Fragment {
  const path = companyPath(companyId, `/developer/apps/${encodeURIComponent(app.client_id)}`)
  const values = { company: membership.company_name }
  return html`<section class="app"><div class="installation-head">
${appMark({ clientId: app.client_id, name: app.name, hasIcon: app.icon_type !== null })}
<div><h2><a href="${path}">${app.name}</a></h2>
<p class="small"><span class="badge">${say(language, app.published_at === null ? 'developer.private' : 'developer.published', values)}</span></p></div>
</div></section>`
}

/** Administrators learn where they say who may; members that they may not. */
function showClosed(c: RequestContext, visit: CompanyVisit) {
  const { companyId, language, membership } = visit
  const values = { company: membership.company_name }
  if (membership.is_admin !== 1) throw new PageError(403, 'developer.notAllowed', values)
  return showConsole(c, visit, {
    section: '/developer',
    title: say(language, 'developer.title'),
    body: html`<p>${say(language, 'developer.closed', values)}</p>
<p><a href="${companyPath(companyId, '/rules')}">${say(language, 'console.rules')}</a></p>`,
  })
}

/** `POST /company/:company_id/developer/apps/:client_id/delete`: field `password`. An app that others use is an operator's to delete. */
export const deleteOwnApp: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await developerAppDesk(c)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  if (visit.app.publishedAt !== null) throw new PageError(400, 'error.formExpired')
  const problem = await confirmOnAppPage(c, form, visit)
  if (problem) return problem
  const runtime = visit.act()
  const { clientId } = visit.app
  const isPrivate = requirePrivate(runtime.store, clientId)
  const tellExpired = () => Promise.reject(new PageError(400, 'error.formExpired'))
  await deleteApp(
    { ...runtime, store: guardStore(runtime.store, { require: [isPrivate], check: tellExpired }) },
    clientId,
  )
  return c.redirect(visit.base, 303)
}
