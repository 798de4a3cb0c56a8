import { html } from 'hono/html'
import { narrowInstallation } from '../apps/installations.ts'
import { InputError } from '../companies/input.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { hiddenField } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { describeScope } from '../pages/scope-descriptions.ts'
import type { ScopeTexts } from '../resource-servers/resource-server.ts'
import { scopeTexts } from '../resource-servers/scopes.ts'
import { listPeopleOfApp } from '../store/queries/company-console.ts'
import { findLastUsesOfApp } from '../store/queries/last-uses.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { actAsAdministrator } from './company-access.ts'
import { tokenField } from './token-field.ts'
import { type AppVisit, appPath, visitApp } from './visit-app.ts'

/** People on one page. */
const PAGE = 50

type PersonOfApp = Awaited<ReturnType<typeof listPeopleOfApp>>[number]

/** `POST /company/:company_id/apps/:client_id/person`: fields `user_id`, and `keep:SCOPE` for each that the app keeps of one person. */
export const narrowPerson: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitApp(c)
  const { companyId, app } = visit
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const key = { company_id: companyId, client_id: app.clientId, user_id: Number(form.get('user_id')) }
  if (!Number.isSafeInteger(key.user_id)) throw new PageError(400, 'error.formExpired')
  const keep = [...form.keys()].filter(name => name.startsWith('keep:')).map(name => name.slice('keep:'.length))
  const runtime = actAsAdministrator(c, visit)
  await narrowInstallation(runtime, key, keep).catch(error => {
    // It was removed meanwhile, or nothing was left: the page shows what is there.
    if (!(error instanceof InputError)) throw error
  })
  return c.redirect(appPath(companyId, app.clientId, '?saved=yes'), 303)
}

/** Who uses an app at a company, since when, how lately and for what. @param canExclude where it is installed for the company */
export async function peopleList(c: RequestContext, visit: AppVisit, canExclude: boolean): Promise<Fragment | string> {
  const { companyId, language, app } = visit
  const { runtime } = c.var
  const after = Number(queryParameter(c, 'after') ?? 0)
  const only = { companyId, clientId: app.clientId, after: Number.isSafeInteger(after) ? after : 0 }
  const people = await listPeopleOfApp(runtime.store, { ...only, limit: PAGE + 1 })
  if (people.length === 0) return ''
  const shown = people.slice(0, PAGE)
  const lastUses = await findLastUsesOfApp(
    runtime.store,
    { company_id: companyId, client_id: app.clientId },
    shown.map(each => each.user_id),
  )
  const texts = await scopeTexts(
    runtime,
    shown.flatMap(({ scopes }) => storedScopes(scopes)),
  )
  const line = (each: PersonOfApp) =>
    personLine(c, visit, each, { lastUse: lastUses.get(each.user_id), texts, canExclude })
  return html`<h2 class="apart">${say(language, 'console.people.title')}</h2>
<ul class="people">${shown.map(line)}</ul>
${people.length > PAGE ? html`<p><a href="${appPath(companyId, app.clientId, `?after=${shown.at(-1)!.user_id}`)}">${say(language, 'console.more')}</a></p>` : ''}`
}

interface Facts {
  lastUse: number | undefined
  texts: Record<string, ScopeTexts>
  canExclude: boolean
}

function personLine(
  c: RequestContext,
  { companyId, language, day, app }: AppVisit,
  person: PersonOfApp,
  { lastUse, texts, canExclude }: Facts,
): Fragment {
  const { user_id, name, email, created_at } = person
  const used = lastUse === undefined ? '' : ` · ${say(language, 'connected.lastUsed', { date: day(lastUse) })}`
  return html`<li><strong>${name}</strong> <span class="small muted"><bdi>${email}</bdi></span>
<span class="small">${say(language, 'connected.since', { date: day(created_at) })}${used}</span>
<details class="small"><summary>${say(language, 'connected.mayDo')}</summary>${scopesOf(c, { companyId, language, app }, person, texts)}</details>
${
  canExclude
    ? html`<form method="post" action="${appPath(companyId, app.clientId, '/access')}">${tokenField(c)}${hiddenField('user_id', String(user_id))}
<button type="submit" name="access" value="excluded" class="plain small">${say(language, 'console.access.exclude')}</button></form>`
    : ''
}</li>`
}

/** What the app may do for one person: to take some of it back, where the person allowed it and not the company. */
function scopesOf(
  c: RequestContext,
  { companyId, language, app }: Pick<AppVisit, 'companyId' | 'language' | 'app'>,
  { user_id, scopes: stored, kind }: PersonOfApp,
  texts: Record<string, ScopeTexts>,
): Fragment {
  const scopes = storedScopes(stored)
  if (kind !== 'user' || scopes.length < 2) {
    return html`<ul class="can-do">${scopes.map(scope => html`<li>${describeScope(language, scope, texts)}</li>`)}</ul>`
  }
  return html`<form method="post" action="${appPath(companyId, app.clientId, '/person')}">${tokenField(c)}${hiddenField('user_id', String(user_id))}
<fieldset class="choices"><legend>${say(language, 'connected.keeps')}</legend>
${scopes.map(scope => html`<label><input type="checkbox" name="keep:${scope}" checked><span>${describeScope(language, scope, texts)}</span></label>`)}</fieldset>
<button type="submit" class="quiet">${say(language, 'console.save')}</button></form>`
}
