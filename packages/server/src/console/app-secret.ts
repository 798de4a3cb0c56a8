import { html } from 'hono/html'
import type { App } from '../apps/apps.ts'
import { rotateSecret } from '../apps/client-secrets.ts'
import type { RouteHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { PageError } from '../pages/error-page.ts'
import { say } from '../pages/messages.ts'
import { type AppDesk, deskAppPath, type EnterApp } from './app-desk.ts'
import { confirmOnAppPage } from './app-page.ts'
import { KEPT } from './app-sections.ts'
import { factList } from './fact-list.ts'

const DAY = 86_400_000

/** `POST BASE/apps/:client_id/secret`: fields `keep`, in days, and `password`. Shows the new secret once. */
export function rotateSecretOf(enter: EnterApp): RouteHandler {
  return async c => {
    const form = await readForm(c)
    const visit = await enter(c)
    if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
    const { app, language } = visit
    const keep = KEPT.find(days => String(days) === form.get('keep'))
    if (keep === undefined || !app.secretHash) throw new PageError(400, 'error.formExpired')
    const problem = await confirmOnAppPage(c, form, visit)
    if (problem) return problem
    const secret = await rotateSecret(visit.act(), app.clientId, { keepOld: keep * DAY })
    return showNewSecret(visit, { app, secret, title: say(language, 'operator.secrets.made') })
  }
}

/** @param secret null where the app has none */
export function showNewSecret(
  desk: AppDesk,
  { app, secret, title }: { app: App; secret: string | null; title: string },
) {
  const { language, base } = desk
  return desk.show({
    title,
    body: html`${factList([
      ['client_id', html`<code>${app.clientId}</code>`],
      ...(secret === null ? [] : [['client_secret', html`<code>${secret}</code>`] as const]),
    ])}
${secret === null ? '' : html`<p>${say(language, 'operator.secrets.once')}</p>`}
<p><a href="${deskAppPath({ base, app })}">${say(language, 'operator.app.back', { app: app.name })}</a></p>`,
  })
}
