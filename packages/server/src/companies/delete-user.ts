import { recordEvent } from '../audit/record.ts'
import type { Runtime } from '../config/runtime.ts'
import { endMembership, listCompanyIdsOfUser, requireMembershipCount } from '../store/queries/memberships.ts'
import { markUserDeleted } from '../store/queries/users.ts'
import { retryOnConflict } from '../store/store.ts'
import { emailForms } from './emails.ts'
import { endSessionsOfUser } from './end-sessions.ts'
import { requireUser } from './users.ts'

/**
 * Deletes a user with every membership and session. The id is never used again; the e-mail may be.
 * @throws {InputError} if there is no such user
 * @example
 * ```ts
 * import { deleteUser } from 'tenantry'
 * await deleteUser(runtime, user.user_id)
 * ```
 */
export function deleteUser(runtime: Runtime, userId: number): Promise<void> {
  const { store, clock } = runtime
  return retryOnConflict(async () => {
    const user = await requireUser(store, userId)
    const companyIds = await listCompanyIdsOfUser(store, userId)
    const [touchUser, ...removeUser] = markUserDeleted(store, user, emailForms(user.email), clock())
    await store.write([
      touchUser!,
      requireMembershipCount(store, userId, companyIds.length),
      ...companyIds.flatMap(companyId => [
        ...endMembership(store, companyId, userId, clock()),
        recordEvent(runtime, { action: 'member.removed', companyId, userId }),
      ]),
      recordEvent(runtime, { action: 'user.deleted', userId }),
      ...removeUser,
      ...(await endSessionsOfUser(runtime, userId)),
    ])
  })
}
