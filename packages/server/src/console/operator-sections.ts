import { html } from 'hono/html'
import type { App } from '../apps/apps.ts'
import type { RequestContext } from '../http/environment.ts'
import type { Language } from '../pages/languages.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { passwordField } from './step-up.ts'
import { tokenField } from './token-field.ts'

/**
 * What operators decide about an app: whether it is verified, open to all companies, and enabled.
 * @param path of its page
 */
export function operatorSections(c: RequestContext, language: Language, app: App, path: string): Fragment {
  const isVerified = app.verifiedAt !== null
  const values = { app: app.name }
  return html`<p class="apart"><a href="/operator/callbacks?${new URLSearchParams({ client_id: app.clientId })}">${say(language, 'operator.callbacks')}</a></p>
<form method="post" action="${path}">${tokenField(c)}
<button type="submit" name="change" value="${isVerified ? 'unverify' : 'verify'}"${isVerified ? html` class="quiet"` : ''}>${say(language, isVerified ? 'operator.app.unverify' : 'operator.app.verify')}</button></form>
${
  app.companyId === null || app.publishedAt !== null
    ? ''
    : html`<details class="apart"><summary>${say(language, 'operator.app.publish')}</summary>
<p>${say(language, 'operator.app.publish.text', values)}</p>
<form method="post" action="${path}">${tokenField(c)}
${passwordField(c, language)}
<button type="submit" name="change" value="publish">${say(language, 'operator.app.publish')}</button></form></details>`
}
${
  app.disabledAt === null
    ? html`<details class="danger apart"><summary>${say(language, 'operator.app.disable')}</summary>
<p>${say(language, 'operator.app.disable.text', values)}</p>
<form method="post" action="${path}">${tokenField(c)}
${passwordField(c, language)}
<button type="submit" name="change" value="disable" class="danger">${say(language, 'operator.app.disable')}</button></form></details>`
    : html`<form method="post" action="${path}">${tokenField(c)}
<button type="submit" name="change" value="enable">${say(language, 'operator.app.enable')}</button></form>`
}`
}
