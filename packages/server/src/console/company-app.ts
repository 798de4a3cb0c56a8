import { html } from 'hono/html'
import { type AppDecision, DECISIONS, removeAppAt, setAppPolicy } from '../apps/app-policies.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { alert, appMark, hiddenField, notice } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type Fragment, type MessageKey, type MessageValues, say } from '../pages/messages.ts'
import { countInstallations, findAppPolicy } from '../store/queries/app-policies.ts'
import { countPeople } from '../store/queries/company-console.ts'
import { findCompanyInstallation } from '../store/queries/company-installations.ts'
import { peopleList } from './app-people.ts'
import { actAsAdministrator, showConsole } from './company-access.ts'
import { ruleKeys } from './company-apps.ts'
import { installationSection } from './company-installation.ts'
import { COUNTED, sayPeople } from './known-apps.ts'
import { passwordField, stepUp } from './step-up.ts'
import { tokenField } from './token-field.ts'
import { useChart } from './use-chart.ts'
import { type AppVisit, appPath, visitApp } from './visit-app.ts'

/** `GET /company/:company_id/apps/:client_id`: who uses an app, what it may do, and what may be decided about it. */
export const companyApp: RouteHandler = async c => {
  const visit = await visitApp(c)
  const removed = queryParameter(c, 'removed')
  const count = /^\d{1,9}$/.test(removed ?? '') ? Number(removed) : undefined
  const said =
    count === undefined ? undefined : say(visit.language, 'console.remove.done', { app: visit.app.name, count })
  const saved = queryParameter(c, 'saved') === undefined ? undefined : say(visit.language, 'console.saved')
  const problem = queryParameter(c, 'unknown') === undefined ? undefined : ('console.access.unknown' as const)
  return showApp(c, visit, {
    said: said ?? saved,
    ...(problem && { problem, values: { company: visit.membership.company_name } }),
  })
}

/** `POST /company/:company_id/apps/:client_id/decision`: field `decision`; blocking is confirmed with `confirmed`. */
export const decideOnApp: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitApp(c)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const { companyId, app } = visit
  const decision = readDecision(form.get('decision'))
  if (decision === 'blocked' && !form.has('confirmed')) return showBlocking(c, visit)
  const runtime = actAsAdministrator(c, visit)
  await setAppPolicy(runtime, { companyId, clientId: app.clientId }, decision)
  return c.redirect(appPath(companyId, app.clientId, '?saved=yes'), 303)
}

/** `POST /company/:company_id/apps/:client_id/remove`: field `password`. Ends all installations of the app there. */
export const removeAppForAll: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitApp(c)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const { companyId, app } = visit
  const problem = await stepUp(c, form, appPath(companyId, app.clientId))
  if (problem instanceof Response) return problem
  if (problem === 'wrong') return showApp(c, visit, { problem: 'console.remove.wrong', status: 422 })
  if (problem) {
    const values = { minutes: Math.ceil(problem.wait / 60_000) }
    return showApp(c, visit, { problem: 'signIn.tooMany', values, status: 429 })
  }
  const runtime = actAsAdministrator(c, visit)
  const removed = await removeAppAt(runtime, { companyId, clientId: app.clientId })
  return c.redirect(appPath(companyId, app.clientId, `?removed=${removed}`), 303)
}

function readDecision(text: string | undefined): AppDecision | null {
  if (text === 'none') return null
  const known = DECISIONS.find(each => each === text)
  if (!known) throw new PageError(400, 'error.formExpired')
  return known
}

interface Shown {
  said?: string | undefined
  problem?: MessageKey
  values?: MessageValues
  status?: 422 | 429
}

async function showApp(c: RequestContext, visit: AppVisit, { said, problem, values, status }: Shown) {
  const { companyId, language, app, membership } = visit
  const { store } = c.var.runtime
  const key = { company_id: companyId, client_id: app.clientId }
  const [decision, people, installation] = await Promise.all([
    findAppPolicy(store, key),
    countPeople(store, companyId, [app.clientId], COUNTED),
    findCompanyInstallation(store, key),
  ])
  const count = people.get(app.clientId) ?? 0
  const current = decision?.decision ?? 'none'
  return showConsole(c, visit, {
    section: '',
    title: app.name,
    ...(status && { status }),
    body: html`
${said ? notice(said) : ''}
${problem ? alert(say(language, problem, values)) : ''}
<div class="installation-head">${appMark(app)}<div>
${app.maker ? html`<p class="muted small">${say(language, 'consent.maker', { maker: app.maker })}</p>` : ''}
<p class="small">${sayPeople(language, count)}</p></div></div>
<form method="post" action="${appPath(companyId, app.clientId, '/decision')}">
${tokenField(c)}
<fieldset class="choices">
<legend>${say(language, 'console.app.rule', { company: membership.company_name })}</legend>
${(['none', ...DECISIONS] as const).map(
  each =>
    html`<label><input type="radio" name="decision" value="${each}"${each === current ? html` checked` : ''}><span>${say(language, ruleKeys[each])}</span></label>`,
)}
</fieldset>
<button type="submit">${say(language, 'console.save')}</button>
</form>
${installation ? await installationSection(c, visit, installation) : ''}
${await useChart(c, visit)}
${await peopleList(c, visit, installation !== undefined)}
${count > 0 || installation ? removal(c, visit) : ''}`,
  })
}

function removal(c: RequestContext, { companyId, language, app, membership }: AppVisit): Fragment {
  const values = { app: app.name, company: membership.company_name }
  return html`<details class="danger apart"><summary>${say(language, 'console.remove.title')}</summary>
<p>${say(language, 'console.remove.text', values)}</p>
<form method="post" action="${appPath(companyId, app.clientId, '/remove')}">
${tokenField(c)}
${passwordField(c, language)}
<button type="submit" class="danger">${say(language, 'console.remove.confirm', values)}</button>
</form></details>`
}

/** Says whom blocking touches, before it does. */
async function showBlocking(c: RequestContext, visit: AppVisit) {
  const { companyId, language, app, membership } = visit
  const count = await countInstallations(c.var.runtime.store, { company_id: companyId, client_id: app.clientId })
  const values = { app: app.name, company: membership.company_name, count }
  return showConsole(c, visit, {
    section: '',
    title: say(language, 'console.block.title', values),
    body: html`<p>${say(language, 'console.block.text', values)}</p>
<form method="post" action="${appPath(companyId, app.clientId, '/decision')}">
${tokenField(c)}${hiddenField('decision', 'blocked')}${hiddenField('confirmed', 'yes')}
<button type="submit" class="danger">${say(language, 'console.block.confirm', values)}</button>
</form>
<p><a href="${appPath(companyId, app.clientId)}">${say(language, 'console.back')}</a></p>`,
  })
}
