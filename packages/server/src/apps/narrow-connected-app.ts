import { html } from 'hono/html'
import { InputError } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import { actingAs } from '../http/acting.ts'
import type { RouteHandler } from '../http/environment.ts'
import { queryParameter, readForm } from '../http/form.ts'
import { formToken } from '../http/form-token.ts'
import { accountFooter } from '../pages/account-footer.ts'
import { companyTile, hiddenField } from '../pages/components.ts'
import { say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { describeScope } from '../pages/scope-descriptions.ts'
import { scopeTexts } from '../resource-servers/scopes.ts'
import { findInstallation, type InstallationKey, listInstallations } from '../store/queries/installations.ts'
import { listMembershipsOfUser } from '../store/queries/memberships.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { withholdScopes } from './company-installations.ts'
import { narrowInstallation } from './installations.ts'
import { ownInstallation } from './own-installation.ts'
import { listServed } from './served-apps.ts'

const LIST = '/connected-apps'

export function narrowingPath(clientId: string, companyId: number): string {
  return `${LIST}/scopes?${new URLSearchParams({ client_id: clientId, company_id: String(companyId) })}`
}

/** `GET /connected-apps/scopes`: what an app may do at a company, to take a part of it back. */
export const narrowingForm: RouteHandler = async c => {
  const { runtime, signedIn } = c.var
  const companyId = Number(queryParameter(c, 'company_id'))
  const clientId = queryParameter(c, 'client_id') ?? ''
  const userId = signedIn!.user.user_id
  const memberships = await listMembershipsOfUser(runtime.store, userId)
  const membership = memberships.find(each => each.company_id === companyId)
  if (!membership) return c.redirect(LIST, 303)
  const own = await listInstallations(runtime.store, { companyIds: [companyId], userId, clientId })
  const served = await listServed(runtime, userId, [membership])
  const [installation] = [...own, ...served.unopenedBeside(own).filter(each => each.client_id === clientId)]
  if (!installation) return c.redirect(LIST, 303)
  const { app_name, company_name, company_domain, scopes, kind } = installation
  const has = storedScopes(scopes)
  // Of what their company has installed, they can give back what they took.
  const granted = kind === 'user' ? has : storedScopes(served.of(installation)?.scopes ?? scopes)
  const texts = await scopeTexts(runtime, granted)
  const language = pageLanguage(c, undefined, signedIn!.user.locale)
  return showPage(c, {
    language,
    title: app_name,
    footer: accountFooter(c, language, '/sign-in'),
    body: html`<div class="who-asks"><h1>${app_name}</h1></div>
${companyTile(say(language, 'consent.for'), { name: company_name, domain: company_domain })}
<form method="post" action="${LIST}/scopes">
${hiddenField('form_token', formToken(c))}${hiddenField('client_id', clientId)}${hiddenField('company_id', String(companyId))}
<fieldset class="choices"><legend>${say(language, 'connected.keeps')}</legend>
${granted.map(scope => html`<label><input type="checkbox" name="keep:${scope}"${has.includes(scope) ? html` checked` : ''}><span>${describeScope(language, scope, texts)}</span></label>`)}</fieldset>
<button type="submit">${say(language, 'console.save')}</button>
</form>
<p><a href="${LIST}">${say(language, 'console.back')}</a></p>`,
  })
}

/** `POST /connected-apps/scopes`: fields `client_id`, `company_id`, and `keep:SCOPE` for each that the app keeps. */
export const narrowConnectedApp: RouteHandler = async c => {
  const form = await readForm(c)
  if (!c.var.signedIn) return c.redirect(LIST, 303)
  const key = ownInstallation(c, form)
  const keep = [...form.keys()].filter(name => name.startsWith('keep:')).map(name => name.slice('keep:'.length))
  await keepScopes(actingAs(c, 'user', key.user_id), key, keep).catch(error => {
    // It was removed meanwhile, or nothing was left: the page shows what is there, and how to remove it.
    if (!(error instanceof InputError)) throw error
  })
  return c.redirect(LIST, 303)
}

/** Of what they allowed themselves it loses the rest; of what their company installed they say what it may have. */
async function keepScopes(runtime: Runtime, key: InstallationKey, keep: readonly string[]): Promise<void> {
  const own = await findInstallation(runtime.store, key)
  if (own?.kind !== 'user' && (await withholdScopes(runtime, key, keep))) return
  await narrowInstallation(runtime, key, keep)
}
