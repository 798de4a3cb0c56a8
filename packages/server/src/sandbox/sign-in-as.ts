import { html } from 'hono/html'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { browserFormToken, holdsBrowserToken } from '../http/form-token.ts'
import { hiddenField } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import type { Fragment } from '../pages/messages.ts'
import { startSession } from '../sign-in/session.ts'
import { findUser } from '../store/queries/users.ts'
import { SANDBOX_OPERATOR } from './seed.ts'

/** The consoles of the sandbox, and who opens each. */
const ROLES = {
  account: { userId: 777, path: '/account', label: 'Your account, as James Bond' },
  company: { userId: 777, path: '/company/1', label: 'MI6, as its administrator James Bond' },
  developer: { userId: 779, path: '/company/1/developer', label: 'Development at MI6, as Eve Moneypenny' },
  operator: { userId: SANDBOX_OPERATOR, path: '/operator', label: 'The platform, as its operator M' },
} as const

/** Buttons that sign one in at once. */
export function roleButtons(c: RequestContext): Fragment {
  return html`<h2>Consoles</h2>
<form method="post" action="/sandbox/sign-in">${hiddenField('form_token', browserFormToken(c))}
<div class="answers">${Object.entries(ROLES).map(([role, { label }]) => html`<button type="submit" name="role" value="${role}" class="quiet">${label}</button>`)}</div></form>`
}

/** `POST /sandbox/sign-in`: field `role`. Nothing of it exists outside the sandbox. */
export const signInAs: RouteHandler = async c => {
  const form = await readForm(c)
  if (!holdsBrowserToken(c, form)) throw new PageError(403, 'error.formExpired')
  const name = form.get('role') ?? ''
  if (!Object.hasOwn(ROLES, name)) throw new PageError(400, 'error.formExpired')
  const { userId, path } = ROLES[name as keyof typeof ROLES]
  const user = await findUser(c.var.runtime.store, userId)
  // Deactivated or deleted since: they sign in, or not, as anyone does.
  const isSignedIn = user && user.deleted_at === null && (await startSession(c, user))
  return c.redirect(isSignedIn ? path : `/sign-in?return_to=${encodeURIComponent(path)}`, 303)
}
