import { html } from 'hono/html'
import { DEFAULT_POLICIES, DEVELOPERS, setCompanyPolicy, toCompanyPolicy } from '../apps/app-policies.ts'
import { requireCompany } from '../companies/companies.ts'
import { InputError } from '../companies/input.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { type Parameters, queryParameter, readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { alert, notice } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import { type MessageKey, say } from '../pages/messages.ts'
import { describeScope, knownScopes } from '../pages/scope-descriptions.ts'
import { scopeTexts } from '../resource-servers/scopes.ts'
import { listResourceScopes } from '../store/queries/resource-servers.ts'
import { actAsAdministrator, type CompanyVisit, companyPath, showConsole, visitCompany } from './company-access.ts'
import { tokenField } from './token-field.ts'

const policyKeys: Record<(typeof DEFAULT_POLICIES)[number], MessageKey> = {
  allow: 'console.rules.allow',
  verified: 'console.rules.verified',
  listed: 'console.rules.listed',
  ask: 'console.rules.ask',
}

const developerKeys: Record<(typeof DEVELOPERS)[number], MessageKey> = {
  none: 'console.rules.developers.none',
  admins: 'console.rules.developers.admins',
  members: 'console.rules.developers.members',
}

/** `GET /company/:company_id/rules`: what holds for apps that were not decided on. */
export const companyRules: RouteHandler = async c => {
  const visit = await visitCompany(c)
  const isSaved = queryParameter(c, 'saved') !== undefined
  return showRules(c, visit, { said: isSaved ? 'console.saved' : undefined })
}

/** `POST /company/:company_id/rules`: fields `default`, `block:SCOPE` for each scope, `hosts`, `developers`. */
export const saveRules: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await visitCompany(c)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const chosen = DEFAULT_POLICIES.find(each => each === form.get('default'))
  if (!chosen) throw new PageError(400, 'error.formExpired')
  const { settings } = c.var.runtime
  const developers = DEVELOPERS.find(each => each === form.get('developers'))
  const runtime = actAsAdministrator(c, visit)
  try {
    await setCompanyPolicy(runtime, visit.companyId, {
      default: chosen,
      blockedScopes: await blockedScopes(c, visit, form),
      // These fields are there only where they mean something.
      ...(settings.metadataDocuments && { blockedHosts: readHosts(form) }),
      ...(settings.companyApps && developers && { developers }),
    })
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return showRules(c, visit, { problem: 'console.rules.wrongHosts', hosts: form.get('hosts') })
  }
  return c.redirect(companyPath(visit.companyId, '/rules?saved=yes'), 303)
}

function readHosts(form: Parameters): string[] {
  return (form.get('hosts') ?? '').split(/[\s,]+/).filter(host => host !== '')
}

/** What is ticked of the scopes that the page shows; others stay as they were. */
async function blockedScopes(c: RequestContext, { companyId }: CompanyVisit, form: Parameters): Promise<string[]> {
  const shown = await listScopes(c)
  const { blockedScopes: before } = toCompanyPolicy(await requireCompany(c.var.runtime.store, companyId))
  return [...before.filter(scope => !shown.includes(scope)), ...shown.filter(scope => form.has(`block:${scope}`))]
}

/** Those that say who someone is to an app that signs them in are not a company's affair alone. */
async function listScopes(c: RequestContext): Promise<string[]> {
  const { store, settings } = c.var.runtime
  const ofResources = (await listResourceScopes(store)).map(({ scope }) => scope)
  const own = knownScopes.filter(scope => scope !== 'openid' && scope !== 'offline_access')
  return [...new Set([...own, ...Object.keys(settings.scopes), ...ofResources])]
}

interface Shown {
  said?: MessageKey | undefined
  problem?: MessageKey
  hosts?: string | undefined
}

async function showRules(c: RequestContext, visit: CompanyVisit, { said, problem, hosts }: Shown) {
  const { companyId, language, membership } = visit
  const { runtime } = c.var
  const policy = toCompanyPolicy(await requireCompany(runtime.store, companyId))
  const scopes = await listScopes(c)
  const texts = await scopeTexts(runtime, scopes)
  const { brand, origin } = runtime.settings
  const values = { company: membership.company_name, platform: brand?.name ?? new URL(origin).host }
  return showConsole(c, visit, {
    section: '/rules',
    title: say(language, 'console.rules'),
    ...(problem && { status: 422 }),
    body: html`
${said ? notice(say(language, said)) : ''}
${problem ? alert(say(language, problem)) : ''}
<p class="muted">${say(language, 'console.rules.intro')}</p>
<form method="post" action="${companyPath(companyId, '/rules')}">
${tokenField(c)}
<fieldset class="choices">
<legend>${say(language, 'console.rules.default', values)}</legend>
${DEFAULT_POLICIES.map(
  each =>
    html`<label><input type="radio" name="default" value="${each}"${each === policy.default ? html` checked` : ''}><span>${say(language, policyKeys[each], values)}</span></label>`,
)}
</fieldset>
<fieldset class="choices">
<legend>${say(language, 'console.rules.scopes', values)}</legend>
${scopes.map(
  scope =>
    html`<label><input type="checkbox" name="block:${scope}"${policy.blockedScopes.includes(scope) ? html` checked` : ''}><span>${describeScope(language, scope, texts)}</span></label>`,
)}
</fieldset>
${
  runtime.settings.metadataDocuments
    ? html`<label>${say(language, 'console.rules.hosts')}
<textarea name="hosts" rows="3" dir="ltr" spellcheck="false">${hosts ?? policy.blockedHosts.join('\n')}</textarea></label>`
    : ''
}
${
  runtime.settings.companyApps
    ? html`<fieldset class="choices"><legend>${say(language, 'console.rules.developers', values)}</legend>
${DEVELOPERS.map(
  each =>
    html`<label><input type="radio" name="developers" value="${each}"${each === policy.developers ? html` checked` : ''}><span>${say(language, developerKeys[each])}</span></label>`,
)}</fieldset>`
    : ''
}
<button type="submit">${say(language, 'console.save')}</button>
</form>`,
  })
}
