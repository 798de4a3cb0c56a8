import { recordEvent } from '../audit/record.ts'
import type { Runtime } from '../config/runtime.ts'
import { deleteOwnersOfApp } from '../store/queries/app-owners.ts'
import { deleteAppUser, listCompaniesWithAppUser } from '../store/queries/app-users.ts'
import { deleteAppRow, findApp } from '../store/queries/apps.ts'
import { deleteCallback, uninstallQueue } from '../store/queries/callback-queue.ts'
import { discardInstallation } from '../store/queries/end-installations.ts'
import { listInstallations } from '../store/queries/installations.ts'
import { listCallbacksOfApp } from '../store/queries/uninstall-callbacks.ts'
import { ConstraintViolation, writeUnlessConflict } from '../store/store.ts'
import { forgetApp } from './app-policies.ts'
import { setDisabled } from './apps.ts'

/** Rows of companies that end in one go. */
const DELETED_AT_ONCE = 200

/**
 * Deletes an app with its installations, tokens and pending callbacks; it gets no callbacks.
 * @returns how many installations ended
 * @throws {InputError} if there is no such app
 * @example
 * ```ts
 * import { deleteApp } from 'tenantry'
 * const installations = await deleteApp(runtime, app.clientId)
 * console.log(installations)
 * ```
 */
export async function deleteApp(runtime: Runtime, clientId: string): Promise<number> {
  const { store } = runtime
  await setDisabled(runtime, clientId, true)
  await forgetApp(runtime, clientId)
  let ended = 0
  for (;;) {
    // Each is one machine's on a cluster, where the app's own row is everywhere.
    const installations = await listInstallations(store, { clientId, limit: DELETED_AT_ONCE })
    const callbacks = await listCallbacksOfApp(store, clientId, DELETED_AT_ONCE)
    const companyIds = await listCompaniesWithAppUser(store, clientId, DELETED_AT_ONCE)
    const deletions = [
      ...installations.map(each => discardInstallation(store, each)),
      ...callbacks.map(each => deleteCallback(store, uninstallQueue, each)),
      ...companyIds.map(companyId => deleteAppUser(store, companyId, clientId)),
    ]
    await Promise.all(deletions.map(deletion => writeUnlessConflict(store, [deletion])))
    ended += installations.length
    if (deletions.length === 0 && (await tryDelete(runtime, clientId, ended))) return ended
  }
}

/** False if it was installed again in the meantime. */
async function tryDelete(runtime: Runtime, clientId: string, installations: number): Promise<boolean> {
  const { store } = runtime
  const app = await findApp(store, clientId)
  const owners = app?.company_id == null ? [] : [deleteOwnersOfApp(store, app.company_id, clientId)]
  const event = recordEvent(runtime, { action: 'app.deleted', clientId, facts: { installations } })
  try {
    await store.write([...owners, deleteAppRow(store, clientId), event])
    return true
  } catch (error) {
    if (error instanceof ConstraintViolation) return false
    throw error
  }
}
