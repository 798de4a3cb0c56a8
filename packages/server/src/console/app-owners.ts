import { addAppOwner, removeAppOwner } from '../apps/app-owners.ts'
import { InputError } from '../companies/input.ts'
import type { RouteHandler } from '../http/environment.ts'
import { readForm } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { PageError } from '../pages/error-page.ts'
import { deskAppPath, type EnterApp } from './app-desk.ts'
import { findMemberByEmail } from './member-by-email.ts'

/** `POST BASE/apps/:client_id/owners`: `email` of one who is added, or `remove` with the id of one who is not any more. */
export function changeOwnersOf(enter: EnterApp): RouteHandler {
  return async c => {
    const form = await readForm(c)
    const visit = await enter(c)
    if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
    const { clientId, companyId } = visit.app
    if (companyId === null) throw new PageError(404, 'error.notFound')
    const removed = form.get('remove')
    if (removed !== undefined) {
      const userId = Number(removed) || 0
      await removeAppOwner(visit.act(), { clientId, userId })
      // Who is none any more has the list alone.
      return c.redirect(userId === c.var.signedIn!.user.user_id ? visit.base : deskAppPath(visit), 303)
    }
    const userId = await findMemberByEmail(c.var.runtime.store, companyId, form.get('email') ?? '')
    const isAdded = userId !== undefined && (await addUnlessGone(() => addAppOwner(visit.act(), { clientId, userId })))
    return c.redirect(deskAppPath(visit, isAdded ? '' : '?unknown=yes'), 303)
  }
}

async function addUnlessGone(add: () => Promise<void>): Promise<boolean> {
  try {
    await add()
    return true
  } catch (error) {
    if (error instanceof InputError) return false
    throw error
  }
}
