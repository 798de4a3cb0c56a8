import { html } from 'hono/html'
import { registeredBy } from '../apps/app.ts'
import { listSecrets } from '../apps/client-secrets.ts'
import type { RequestContext } from '../http/environment.ts'
import { hiddenField } from '../pages/components.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { listAppOwners } from '../store/queries/app-owners.ts'
import { type AppDeskVisit, deskAppPath } from './app-desk.ts'
import { factList } from './fact-list.ts'
import { passwordField } from './step-up.ts'
import { tokenField } from './token-field.ts'

/** Days for which the secret before may be kept. */
export const KEPT = [0, 1, 7, 30] as const

/** What is registered of an app. */
export function appFacts({ app, moment }: AppDeskVisit): Fragment {
  return factList([
    ['client_id', app.clientId],
    ['maker', app.maker ?? '–'],
    ['registered_by', registeredBy(app)],
    ['company_id', String(app.companyId ?? '–')],
    ['created_at', moment(app.createdAt)],
    ['redirect_uris', html`${app.redirectUris.map(uri => html`<span class="block">${uri}</span>`)}`],
    ['scopes', app.scopes.join(' ')],
    ['profile', app.profile],
    ['install', app.install],
    ['public', String(app.isPublic)],
    ['uninstall_url', app.uninstallUrl ?? '–'],
    ['home_url', app.homeUrl ?? '–'],
    ['privacy_url', app.privacyUrl ?? '–'],
    ['terms_url', app.termsUrl ?? '–'],
    ...(app.companyId === null
      ? []
      : [['published_at', app.publishedAt === null ? '–' : moment(app.publishedAt)] as const]),
    ['verified_at', app.verifiedAt === null ? '–' : `${moment(app.verifiedAt)} · ${app.verifiedBy ?? ''}`],
    ['disabled_at', app.disabledAt === null ? '–' : moment(app.disabledAt)],
  ])
}

/** The secrets that are accepted, and a form that makes another one. */
export async function secretSection(c: RequestContext, visit: AppDeskVisit): Promise<Fragment | string> {
  const { language, moment, app } = visit
  if (!app.secretHash) return ''
  const secrets = await listSecrets(c.var.runtime, app)
  return html`<h2 class="apart">${say(language, 'operator.secrets')}</h2>
<ul class="people">${secrets.map(
    ({ createdAt, expiresAt, lastUsedAt }) =>
      html`<li>${
        expiresAt === null
          ? say(language, 'operator.secrets.current', { date: moment(createdAt) })
          : say(language, 'operator.secrets.until', { date: moment(expiresAt) })
      } <span class="small muted">${lastUsedAt === null ? '' : say(language, 'connected.lastUsed', { date: moment(lastUsedAt) })}</span></li>`,
  )}</ul>
<details class="apart"><summary>${say(language, 'operator.secrets.rotate')}</summary>
<form method="post" action="${deskAppPath(visit, '/secret')}">${tokenField(c)}
<fieldset class="choices"><legend>${say(language, 'operator.secrets.keep')}</legend>
${KEPT.map(
  days =>
    html`<label><input type="radio" name="keep" value="${days}"${days === 1 ? html` checked` : ''}><span>${days === 0 ? say(language, 'operator.secrets.keep.none') : say(language, 'operator.secrets.keep.days', { days })}</span></label>`,
)}</fieldset>
${passwordField(c, language)}
<button type="submit">${say(language, 'operator.secrets.rotate')}</button></form></details>`
}

/** The people who may change an app that a company develops, and forms that change who they are. */
export async function ownersSection(c: RequestContext, visit: AppDeskVisit): Promise<Fragment | string> {
  const { language, app } = visit
  if (app.companyId === null) return ''
  const owners = await listAppOwners(c.var.runtime.store, { company_id: app.companyId, client_id: app.clientId })
  const action = deskAppPath(visit, '/owners')
  return html`<h2 class="apart">${say(language, 'developer.owners')}</h2>
<p class="small">${say(language, owners.length === 0 ? 'developer.owners.none' : 'developer.owners.text')}</p>
<ul class="people">${owners.map(
    ({
      user_id,
      name,
      email,
    }) => html`<li><strong><bdi>${name}</bdi></strong> <span class="small"><bdi>${email}</bdi></span>
<form method="post" action="${action}">${tokenField(c)}${hiddenField('remove', String(user_id))}
<button type="submit" class="plain small">${say(language, 'developer.owners.remove')}</button></form></li>`,
  )}</ul>
<details><summary>${say(language, 'developer.owners.add')}</summary>
<form method="post" action="${action}">${tokenField(c)}
<label>${say(language, 'developer.owners.email')}
<input type="email" name="email" dir="ltr" autocomplete="off" required></label>
<button type="submit">${say(language, 'developer.owners.add')}</button></form></details>`
}

/** A button that walks the flow as the app would. */
export function trySection(c: RequestContext, visit: AppDeskVisit): Fragment | string {
  const { language, app } = visit
  if (app.disabledAt !== null) return ''
  return html`<h2 class="apart">${say(language, 'developer.try')}</h2>
<p class="small">${say(language, 'developer.try.text', { app: app.name })}</p>
<form method="post" action="${deskAppPath(visit, '/try')}">${tokenField(c)}
<button type="submit">${say(language, 'developer.try')}</button></form>`
}
