import { html } from 'hono/html'
import type { App } from '../apps/apps.ts'
import type { RequestContext } from '../http/environment.ts'
import { type Fragment, say } from '../pages/messages.ts'
import { type CompanyVisit, companyPath } from './company-access.ts'
import { passwordField } from './step-up.ts'
import { tokenField } from './token-field.ts'

/** What developers decide about an app: that it goes, while it is for their company alone. */
export function developerSections(
  c: RequestContext,
  { companyId, language }: CompanyVisit,
  app: App,
): Fragment | string {
  if (app.publishedAt !== null) return ''
  const path = companyPath(companyId, `/developer/apps/${encodeURIComponent(app.clientId)}/delete`)
  return html`<details class="danger apart"><summary>${say(language, 'developer.delete')}</summary>
<p>${say(language, 'developer.delete.text', { app: app.name })}</p>
<form method="post" action="${path}">${tokenField(c)}
${passwordField(c, language)}
<button type="submit" class="danger">${say(language, 'developer.delete')}</button></form></details>`
}
