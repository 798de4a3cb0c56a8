import { recordEvent } from '../audit/record.ts'
import { InputError, NotFoundError } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import { requireActiveMembership } from '../store/queries/active-memberships.ts'
import { deleteAppOwner, insertAppOwner, requireAppOf } from '../store/queries/app-owners.ts'
import { findApp } from '../store/queries/apps.ts'
import { WriteConflict, writeUnlessConflict } from '../store/store.ts'

/** An app, and one of the people who may change it. */
export interface AppOwnerKey {
  clientId: string
  userId: number
}

/**
 * Lets a member of the company that develops an app change it.
 * @throws {InputError} if there is no such app, no company develops it, or the user is no active member there
 * @example
 * ```ts
 * import { addAppOwner, setApp } from 'tenantry'
 * await setApp(runtime, app.clientId, { companyId: company.company_id })
 * await addAppOwner(runtime, { clientId: app.clientId, userId: user.user_id })
 * ```
 */
export async function addAppOwner(runtime: Runtime, { clientId, userId }: AppOwnerKey): Promise<void> {
  const { store, clock } = runtime
  const companyId = await requireDevelopingCompany(runtime, clientId)
  try {
    await store.write([
      requireActiveMembership(store, companyId, userId, clientId),
      requireAppOf(store, companyId, clientId),
      insertAppOwner(store, { company_id: companyId, client_id: clientId, user_id: userId, added_at: clock() }),
      recordEvent(runtime, { action: 'app_owner.added', companyId, userId, clientId }),
    ])
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error
    throw new NotFoundError(`User ${userId} is no active member of company ${companyId}, which develops the app.`)
  }
}

/**
 * Takes that back, from the next request on.
 * @returns false if the user was no owner
 * @throws {InputError} if there is no such app, or no company develops it
 * @example
 * ```ts
 * import { removeAppOwner, setApp } from 'tenantry'
 * await setApp(runtime, app.clientId, { companyId: company.company_id })
 * console.log(await removeAppOwner(runtime, { clientId: app.clientId, userId: user.user_id }))
 * ```
 */
export async function removeAppOwner(runtime: Runtime, { clientId, userId }: AppOwnerKey): Promise<boolean> {
  const { store } = runtime
  const companyId = await requireDevelopingCompany(runtime, clientId)
  return writeUnlessConflict(store, [
    deleteAppOwner(store, { company_id: companyId, client_id: clientId, user_id: userId }),
    recordEvent(runtime, { action: 'app_owner.removed', companyId, userId, clientId }),
  ])
}

/** @throws {InputError} */
export async function requireDevelopingCompany({ store }: Runtime, clientId: string): Promise<number> {
  const app = await findApp(store, clientId)
  if (!app) throw new NotFoundError(`There is no app ${clientId}.`)
  if (app.company_id === null) {
    throw new InputError(
      `No company develops ${clientId}: it is an app of the platform’s operators, and has no owners.`,
    )
  }
  return app.company_id
}
