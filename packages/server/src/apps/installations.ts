import { recordEvent } from '../audit/record.ts'
import { InputError, NotFoundError } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import { endCompanyInstallation, endInstallations } from '../store/queries/end-installations.ts'
import { findInstallation, type InstallationKey, type InstallationRow } from '../store/queries/installations.ts'
import { withdrawScope } from '../store/queries/withdraw-scopes.ts'
import { retryOnConflict, writeUnlessConflict } from '../store/store.ts'
import { storedScopes } from '../tokens/scopes.ts'

/**
 * Ends an installation with its codes and tokens, and queues the uninstall callback of the app in the same commit. A company's ends
 * with those of the members whom it serves.
 * @returns false if there is no such installation
 * @example
 * ```ts
 * import { removeInstallation } from 'tenantry'
 * const key = { company_id: company.company_id, user_id: user.user_id, client_id: app.clientId }
 * console.log(await removeInstallation(runtime, key))
 * ```
 */
export async function removeInstallation(runtime: Runtime, key: InstallationKey): Promise<boolean> {
  const { store, clock } = runtime
  const { company_id: companyId, user_id: userId, client_id: clientId } = key
  const event = recordEvent(runtime, { action: 'installation.removed', companyId, userId, clientId })
  const found = await findInstallation(store, key)
  const end = found?.kind === 'company' ? endCompanyInstallation : endInstallations
  return writeUnlessConflict(store, [...end(store, key, clock()), event])
}

/**
 * Takes scopes back from an app that was allowed more: tokens that are out already lose them from the next request on, and where it is a
 * company's installation, those of the members whom it serves. The app can ask for them again, as for what is new.
 * @param keep scopes that it keeps, of those that it has
 * @returns the installation as it is now
 * @throws {NotFoundError} if there is no such installation
 * @throws {InputError} if none of its scopes is kept
 * @example
 * ```ts
 * import { narrowInstallation } from 'tenantry'
 * const key = { company_id: company.company_id, user_id: user.user_id, client_id: app.clientId }
 * await narrowInstallation(runtime, key, ['base']).catch(error => console.log(error.message))
 * ```
 */
export function narrowInstallation(
  runtime: Runtime,
  key: InstallationKey,
  keep: readonly string[],
): Promise<InstallationRow> {
  const { store, clock } = runtime
  const { company_id: companyId, user_id: userId, client_id: clientId } = key
  return retryOnConflict(async () => {
    const before = await findInstallation(store, key)
    if (!before) throw new NotFoundError(`${clientId} is not installed by user ${userId} at company ${companyId}.`)
    const scopes = storedScopes(before.scopes)
    const withdrawn = scopes.filter(scope => !keep.includes(scope))
    if (withdrawn.length === 0) return before
    if (withdrawn.length === scopes.length) {
      throw new InputError('scopes: keep at least one that it has, or remove the installation.')
    }
    const facts = { withdrawn }
    await store.write([
      ...withdrawScope(store, before, withdrawn, clock()),
      recordEvent(runtime, { action: 'installation.changed', companyId, userId, clientId, facts }),
    ])
    return { ...before, scopes: scopes.filter(scope => keep.includes(scope)).join(' ') }
  })
}
