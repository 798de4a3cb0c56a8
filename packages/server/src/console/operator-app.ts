import { changeApp } from '../apps/apps.ts'
import type { RouteHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { PageError } from '../pages/error-page.ts'
import { confirmOnAppPage } from './app-page.ts'
import { operatorAppDesk, operatorAppPath } from './operator-desk.ts'

const CHANGES = {
  verify: { verified: true },
  unverify: { verified: false },
  publish: { published: true },
  enable: { disabled: false },
  disable: { disabled: true },
} as const

/** What cannot be undone, or touches everyone. */
const CONFIRMED = new Set(['publish', 'disable'])

/**
 * `POST /operator/apps/:client_id`: the button `change`: `verify`, `unverify`, `enable`; or `publish` and `disable`, which ask for the
 * `password`.
 */
export const changeOperatorApp: RouteHandler = async c => {
  const form = await readForm(c)
  const visit = await operatorAppDesk(c)
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const change = form.get('change') ?? ''
  if (!Object.hasOwn(CHANGES, change)) throw new PageError(400, 'error.formExpired')
  if (CONFIRMED.has(change)) {
    const problem = await confirmOnAppPage(c, form, visit)
    if (problem) return problem
  }
  await changeApp(visit.act(), visit.app.clientId, CHANGES[change as keyof typeof CHANGES])
  return c.redirect(operatorAppPath(visit.app), 303)
}
