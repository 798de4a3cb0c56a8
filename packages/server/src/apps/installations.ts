import type { Runtime } from '../config/runtime.ts'
import { endInstallations, type InstallationKey } from '../store/queries/installations.ts'
import { writeUnlessConflict } from '../store/store.ts'

/**
 * Ends an installation with its codes and tokens, and queues the uninstall callback of the app in the same commit.
 * @returns false if there is no such installation
 * @example
 * ```ts
 * import { removeInstallation } from 'tenantry'
 * const key = { company_id: company.company_id, user_id: user.user_id, client_id: app.clientId }
 * console.log(await removeInstallation(runtime, key))
 * ```
 */
export function removeInstallation({ store, clock }: Runtime, key: InstallationKey): Promise<boolean> {
  return writeUnlessConflict(store, endInstallations(store, key, clock()))
}
