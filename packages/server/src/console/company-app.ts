import { html } from 'hono/html'
import { type AppDecision, DECISIONS, removeAppAt, setAppPolicy } from '../apps/app-policies.ts'
import { actingAs } from '../http/acting.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { alert, appMark, hiddenField, notice } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import type { Language } from '../pages/languages.ts'
import { type Fragment, type MessageKey, type MessageValues, say } from '../pages/messages.ts'
import { describeScope } from '../pages/scope-descriptions.ts'
import { scopeTexts } from '../resource-servers/scopes.ts'
import { countInstallations, findAppPolicy } from '../store/queries/app-policies.ts'
import { listPeopleOfApp } from '../store/queries/company-console.ts'
import { findCompanyInstallation } from '../store/queries/company-installations.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { showConsole, tokenField } from './company-access.ts'
import { ruleKeys } from './company-apps.ts'
import { installationSection } from './company-installation.ts'
import { hasPasswords, stepUp } from './step-up.ts'
import { type AppVisit, appPath, visitApp } from './visit-app.ts'

/** People on one page. */
const PAGE = 50

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
  const runtime = actingAs(c, 'user', c.var.signedIn!.user.user_id)
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
  const runtime = actingAs(c, 'user', c.var.signedIn!.user.user_id)
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
  const [decision, count, installation] = await Promise.all([
    findAppPolicy(store, key),
    countInstallations(store, key),
    findCompanyInstallation(store, key),
  ])
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
<p class="small">${say(language, 'console.people', { count })}</p></div></div>
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
${await peopleList(c, visit, installation !== undefined)}
${count > 0 || installation ? removal(c, visit) : ''}`,
  })
}

async function peopleList(
  c: RequestContext,
  { companyId, language, day, app }: AppVisit,
  canExclude: boolean,
): Promise<Fragment | string> {
  const { runtime } = c.var
  const after = Number(queryParameter(c, 'after') ?? 0)
  const only = { companyId, clientId: app.clientId, after: Number.isSafeInteger(after) ? after : 0 }
  const people = await listPeopleOfApp(runtime.store, { ...only, limit: PAGE + 1 })
  if (people.length === 0) return ''
  const shown = people.slice(0, PAGE)
  const texts = await scopeTexts(
    runtime,
    shown.flatMap(({ scopes }) => storedScopes(scopes)),
  )
  return html`<h2 class="apart">${say(language, 'console.people.title')}</h2>
<ul class="people">${shown.map(
    ({
      user_id,
      name,
      email,
      scopes,
      created_at,
    }) => html`<li><strong>${name}</strong> <span class="small muted"><bdi>${email}</bdi></span>
<span class="small">${say(language, 'connected.since', { date: day(created_at) })}</span>
<details class="small"><summary>${say(language, 'connected.mayDo')}</summary><ul class="can-do">${storedScopes(scopes).map(scope => html`<li>${describeScope(language, scope, texts)}</li>`)}</ul></details>
${canExclude ? exclusion(c, appPath(companyId, app.clientId, '/access'), language, user_id) : ''}</li>`,
  )}</ul>
${people.length > PAGE ? html`<p><a href="${appPath(companyId, app.clientId, `?after=${shown.at(-1)!.user_id}`)}">${say(language, 'console.more')}</a></p>` : ''}`
}

function exclusion(c: RequestContext, action: string, language: Language, userId: number): Fragment {
  return html`<form method="post" action="${action}">${tokenField(c)}${hiddenField('user_id', String(userId))}
<button type="submit" name="access" value="excluded" class="plain small">${say(language, 'console.access.exclude')}</button></form>`
}

function removal(c: RequestContext, { companyId, language, app, membership }: AppVisit): Fragment {
  const values = { app: app.name, company: membership.company_name }
  return html`<details class="danger apart"><summary>${say(language, 'console.remove.title')}</summary>
<p>${say(language, 'console.remove.text', values)}</p>
<form method="post" action="${appPath(companyId, app.clientId, '/remove')}">
${tokenField(c)}
${
  hasPasswords(c)
    ? html`<label>${say(language, 'console.password')}
<input type="password" name="password" dir="ltr" autocomplete="current-password" required></label>`
    : ''
}
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
