import { recordEvent } from '../audit/record.ts'
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
export function removeInstallation(runtime: Runtime, key: InstallationKey): Promise<boolean> {
  const { store, clock } = runtime
  const { company_id: companyId, user_id: userId, client_id: clientId } = key
  const event = recordEvent(runtime, { action: 'installation.removed', companyId, userId, clientId })
  return writeUnlessConflict(store, [...endInstallations(store, key, clock()), event])
}
