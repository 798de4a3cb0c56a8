import type { Runtime } from '../config/runtime.ts'
import { deleteInstallation, type InstallationKey, queueUninstallCallbacks } from '../store/queries/installations.ts'
import { writeUnlessConflict } from '../store/store.ts'

/**
 * Ends an installation with all its codes and tokens, and queues the app's callback in the same commit.
 * @returns false when there was none
 */
export function removeInstallation({ store, clock }: Runtime, key: InstallationKey): Promise<boolean> {
  return writeUnlessConflict(store, [queueUninstallCallbacks(store, key, clock()), deleteInstallation(store, key)])
}
