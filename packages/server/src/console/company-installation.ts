import { html } from 'hono/html'
import { AUDIENCES, changeCompanyInstallation, setMemberAccess } from '../apps/company-installations.ts'
import { InputError } from '../companies/input.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { type Parameters, queryParameter, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { hiddenField } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { describeScope } from '../pages/scope-descriptions.ts'
import { scopeTexts } from '../resource-servers/scopes.ts'
import { findMemberNames } from '../store/queries/company-console.ts'
import type { InstallationRow } from '../store/queries/installations.ts'
import { pageOfMemberAccess } from '../store/queries/member-access.ts'
import { findMember } from '../store/queries/memberships.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { actAsAdministrator } from './company-access.ts'
import { findMemberByEmail } from './member-by-email.ts'
import { tokenField } from './token-field.ts'
import { type AppVisit, appPath, visitApp } from './visit-app.ts'

const audienceKeys = { all: 'console.audience.all', named: 'console.audience.named' } as const
const accessKeys = { allowed: 'console.access.allowed', excluded: 'console.access.excluded' } as const

/** Named and excluded members on one page. */
const PAGE = 50

/** `POST /company/:company_id/apps/:client_id/installation`: fields `audience`, and `keep:SCOPE` for each that it keeps. */
export const changeInstallation: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitApp(c)
  const { companyId, app } = visit
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const audience = AUDIENCES.find(each => each === form.get('audience'))
  if (!audience) throw new PageError(400, 'error.formExpired')
  const scopes = [...form.keys()].filter(name => name.startsWith('keep:')).map(name => name.slice('keep:'.length))
  const key = { company_id: companyId, client_id: app.clientId }
  await changeCompanyInstallation(actAsAdministrator(c, visit), key, {
    audience,
    ...(scopes.length > 0 && { scopes }),
  }).catch(ignoreGone)
  return c.redirect(appPath(companyId, app.clientId, '?saved=yes'), 303)
}

/** `POST /company/:company_id/apps/:client_id/access`: `user_id` or `email`, and the button `access`: `allowed`, `excluded` or `none`. */
export const changeAccess: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitApp(c)
  const { companyId, app } = visit
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const access = form.get('access')
  if (access !== 'allowed' && access !== 'excluded' && access !== 'none') throw new PageError(400, 'error.formExpired')
  const userId = await readMember(c, companyId, form)
  if (userId === undefined) return c.redirect(appPath(companyId, app.clientId, '?unknown=yes'), 303)
  const key = { company_id: companyId, client_id: app.clientId, user_id: userId }
  await setMemberAccess(actAsAdministrator(c, visit), key, access === 'none' ? null : access).catch(ignoreGone)
  return c.redirect(appPath(companyId, app.clientId, '?saved=yes'), 303)
}

/** The installation or the member is gone meanwhile: the page shows what is there. */
function ignoreGone(error: unknown) {
  if (!(error instanceof InputError)) throw error
}

/** The member whom a form names; undefined where there is none, or an e-mail that several have. */
async function readMember(c: RequestContext, companyId: number, form: Parameters): Promise<number | undefined> {
  const { store } = c.var.runtime
  const email = form.get('email')
  if (email === undefined) {
    const userId = Number(form.get('user_id'))
    const member = Number.isSafeInteger(userId) ? await findMember(store, companyId, userId) : undefined
    return member?.user_id
  }
  return findMemberByEmail(store, companyId, email)
}

/** What an app that is installed for the company may do, and for whom. */
export async function installationSection(
  c: RequestContext,
  visit: AppVisit,
  installation: InstallationRow,
): Promise<Fragment> {
  const { companyId, language, app, membership, day } = visit
  const { runtime } = c.var
  const values = { company: membership.company_name }
  const scopes = storedScopes(installation.scopes)
  const texts = await scopeTexts(runtime, scopes)
  const { installed_by } = installation
  const names = await findMemberNames(runtime.store, companyId, installed_by === null ? [] : [installed_by])
  const by = names.get(installed_by ?? 0)
  const since = say(language, 'connected.since', { date: day(installation.created_at) })
  return html`<h2 class="apart">${say(language, 'console.installed', values)}</h2>
<p class="small">${since}${by === undefined ? '' : ` · ${say(language, 'console.installed.by', { name: by })}`}</p>
<form method="post" action="${appPath(companyId, app.clientId, '/installation')}">
${tokenField(c)}
<fieldset class="choices"><legend>${say(language, 'console.installed.scopes', values)}</legend>
${scopes.map(scope => html`<label><input type="checkbox" name="keep:${scope}" checked><span>${describeScope(language, scope, texts)}</span></label>`)}
<p class="small">${say(language, 'console.installed.narrow', values)}</p></fieldset>
<fieldset class="choices"><legend>${say(language, 'console.audience')}</legend>
${AUDIENCES.map(
  each =>
    html`<label><input type="radio" name="audience" value="${each}"${each === installation.audience ? html` checked` : ''}><span>${say(language, audienceKeys[each])}</span></label>`,
)}</fieldset>
<button type="submit">${say(language, 'console.save')}</button>
</form>
${await accessList(c, visit, installation)}`
}

async function accessList(c: RequestContext, visit: AppVisit, installation: InstallationRow): Promise<Fragment> {
  const { companyId, language, app } = visit
  const { store } = c.var.runtime
  const after = Number(queryParameter(c, 'access_after') ?? 0)
  const only = { companyId, clientId: app.clientId, after: Number.isSafeInteger(after) ? after : 0 }
  const found = await pageOfMemberAccess(store, { ...only, limit: PAGE + 1 })
  const said = found.slice(0, PAGE)
  const names = await findMemberNames(
    store,
    companyId,
    said.map(each => each.user_id),
  )
  const action = appPath(companyId, app.clientId, '/access')
  const isNaming = installation.audience === 'named'
  return html`<h2 class="apart">${say(language, 'console.access')}</h2>
${said.length === 0 ? html`<p class="muted small">${say(language, 'console.access.none')}</p>` : ''}
<ul class="people">${said.map(
    ({ user_id, access, left_out_at }) => html`<li><strong>${names.get(user_id) ?? user_id}</strong>
<span class="small">${[
      ...(access === null ? [] : [say(language, accessKeys[access])]),
      ...(left_out_at === null ? [] : [say(language, 'console.access.leftOut')]),
    ].join(' · ')}</span>
${
  access === null
    ? ''
    : html`<form method="post" action="${action}">${tokenField(c)}${hiddenField('user_id', String(user_id))}
<button type="submit" name="access" value="none" class="plain small">${say(language, 'console.access.clear')}</button></form>`
}</li>`,
  )}</ul>
${found.length > PAGE ? html`<p><a href="${appPath(companyId, app.clientId, `?access_after=${said.at(-1)!.user_id}`)}">${say(language, 'console.more')}</a></p>` : ''}
<form method="post" action="${action}">
${tokenField(c)}
<label>${say(language, 'console.access.email')}
<input type="email" name="email" dir="ltr" autocomplete="off" required></label>
<div class="answers">
<button type="submit" name="access" value="allowed"${isNaming ? '' : html` class="quiet"`}>${say(language, 'console.access.allow')}</button>
<button type="submit" name="access" value="excluded"${isNaming ? html` class="quiet"` : ''}>${say(language, 'console.access.exclude')}</button>
</div>
<p class="small">${say(language, 'console.access.text')}</p>
</form>`
}
