import { html } from 'hono/html'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { type Parameters, queryParameter } from '../http/form.ts'
import { alert, notice } from '../pages/components.ts'
import { type MessageKey, type MessageValues, say } from '../pages/messages.ts'
import { documentHost } from '../store/blocked-apps.ts'
import { type AppDeskVisit, deskAppPath, type EnterApp } from './app-desk.ts'
import { appFacts, ownersSection, secretSection, trySection } from './app-sections.ts'
import { stepUp } from './step-up.ts'

/** `GET BASE/apps/:client_id`: what is registered of an app. */
export function showAppOf(enter: EnterApp): RouteHandler {
  return async c => {
    const visit = await enter(c)
    const isUnknown = queryParameter(c, 'unknown') !== undefined
    return showApp(c, visit, isUnknown ? { problem: 'developer.owners.unknown' } : {})
  }
}

interface Shown {
  problem?: MessageKey
  values?: MessageValues
  status?: 422 | 429
}

/** Has the person confirm with their password. @returns what they are shown where they have not */
export async function confirmOnAppPage(
  c: RequestContext,
  form: Parameters,
  visit: AppDeskVisit,
): Promise<Response | undefined> {
  const problem = await stepUp(c, form, deskAppPath(visit))
  if (problem === undefined || problem instanceof Response) return problem
  if (problem === 'wrong') return showApp(c, visit, { problem: 'console.password.wrong', status: 422 })
  const values = { minutes: Math.ceil(problem.wait / 60_000) }
  return showApp(c, visit, { problem: 'signIn.tooMany', values, status: 429 })
}

async function showApp(c: RequestContext, visit: AppDeskVisit, { problem, values, status }: Shown): Promise<Response> {
  const { language, app } = visit
  return visit.show({
    title: app.name,
    ...(status && { status }),
    body: html`${problem ? alert(say(language, problem, values)) : ''}
${app.disabledAt === null ? '' : notice(say(language, 'developer.disabled', { app: app.name }))}
${appFacts(visit)}
${documentHost(app.clientId) === undefined ? html`<p><a href="${deskAppPath(visit, '/edit')}">${say(language, 'operator.app.edit')}</a></p>` : ''}
${trySection(c, visit)}
${await secretSection(c, visit)}
${await ownersSection(c, visit)}
<h2 class="apart">${say(language, 'developer.deliveries')}</h2>
<p><a href="${deskAppPath(visit, '/deliveries')}">${say(language, 'developer.deliveries.open')}</a></p>
${await visit.ownSections()}`,
  })
}
