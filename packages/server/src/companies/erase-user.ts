import { recordEvent } from '../audit/record.ts'
import type { Runtime } from '../config/runtime.ts'
import { eraseAuditEventsOfUser, listAuditEventsOfUser } from '../store/queries/audit-events.ts'
import { listInstallations } from '../store/queries/installations.ts'
import { listCompanyIdsOfUser, listMembershipsOfUser } from '../store/queries/memberships.ts'
import { listSessionsOfUser } from '../store/queries/sessions.ts'
import { eraseUserRow, findUser } from '../store/queries/users.ts'
import { deleteUser } from './delete-user.ts'
import { NotFoundError } from './input.ts'

/** Everything that is known of a person, without what only proves who they are. Times are milliseconds since 1970. */
export interface UserExport {
  user: object
  memberships: object[]
  installations: object[]
  sessions: object[]
  audit_events: object[]
}

/**
 * Hands out everything that is known of a person, to be given to them.
 * @throws {InputError} if there is no such user
 * @example
 * ```ts
 * import { exportUser } from 'tenantry'
 * const everything = await exportUser(runtime, user.user_id)
 * console.log(JSON.stringify(everything))
 * ```
 */
export async function exportUser({ store }: Runtime, userId: number): Promise<UserExport> {
  const row = await findUser(store, userId)
  if (!row) throw new NotFoundError(`There is no user ${userId}.`)
  const { password_hash, imported_hash: _, ...user } = row
  const companyIds = await listCompanyIdsOfUser(store, userId)
  const [memberships, installations, sessions, events] = await Promise.all([
    listMembershipsOfUser(store, userId),
    listInstallations(store, { companyIds, userId }),
    listSessionsOfUser(store, userId),
    listAuditEventsOfUser(store, userId),
  ])
  return {
    user: { ...user, has_password: password_hash !== null },
    memberships,
    installations: installations.map(({ app_has_icon: _, ...installation }) => installation),
    sessions: sessions.map(({ created_at, expires_at }) => ({ created_at, expires_at })),
    audit_events: events.map(({ entry, personal }) => ({
      ...JSON.parse(entry),
      personal: personal === null ? null : JSON.parse(personal),
    })),
  }
}

/**
 * Removes everything that is known of a person, who is deleted if they were not: names, addresses, languages, and their
 * personal values in the audit log. Their id stays taken for ever, and the chains of the audit log stay whole.
 * @throws {InputError} if there is no such user
 * @example
 * ```ts
 * import { eraseUser } from 'tenantry'
 * await eraseUser(runtime, newUser.user_id)
 * ```
 */
export async function eraseUser(runtime: Runtime, userId: number): Promise<void> {
  const { store } = runtime
  const row = await findUser(store, userId)
  if (!row) throw new NotFoundError(`There is no user ${userId}.`)
  if (row.deleted_at === null) await deleteUser(runtime, userId)
  await store.write([
    eraseUserRow(store, userId),
    recordEvent(runtime, { action: 'user.erased', userId }),
    eraseAuditEventsOfUser(store, userId),
  ])
}
