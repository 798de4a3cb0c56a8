import type { Runtime } from '../config/runtime.ts'
import { endInstallations, type InstallationKey } from '../store/queries/installations.ts'
import { writeUnlessConflict } from '../store/store.ts'

/**
 * Ends an installation with its codes and tokens, and queues the app's uninstall callback in the same commit.
 * @returns false if there is no such installation
 */
export function removeInstallation({ store, clock }: Runtime, key: InstallationKey): Promise<boolean> {
  return writeUnlessConflict(store, endInstallations(store, key, clock()))
}
