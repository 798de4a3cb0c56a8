import { z } from 'zod'
import type { Runtime } from '../config/runtime.ts'
import { allocateId, reserveIds } from '../store/queries/ids.ts'
import { queueUninstallCallbacks } from '../store/queries/installations.ts'
import {
  deleteMembership,
  listCompanyIdsOfUser,
  lockMembership,
  requireMembershipCount,
} from '../store/queries/memberships.ts'
import { deleteSessionsOfUser } from '../store/queries/sessions.ts'
import { findUser, insertUser, markUserDeleted, setUserActive, type UserRow } from '../store/queries/users.ts'
import { ConstraintViolation, retryOnConflict } from '../store/store.ts'
import { checkInput, displayName, email, InputError, id, locale, timezone } from './input.ts'

const newUser = z.strictObject({
  userId: id.optional(),
  /** The address to sign in with; what companies know the person by stands in the memberships. */
  email,
  name: displayName,
  locale: locale.default('en_US'),
  timezone: timezone.nullish(),
  active: z.boolean().default(true),
})

export type NewUser = z.input<typeof newUser>

/** @throws {InputError} when an entry makes no sense or the e-mail or id is taken */
export async function createUser(runtime: Runtime, input: NewUser): Promise<UserRow> {
  const { store, clock } = runtime
  const user = checkInput(newUser, input)
  const row: UserRow = {
    user_id: user.userId ?? (await allocateId(store, 'user')),
    email: user.email,
    name: user.name,
    locale: user.locale,
    timezone: user.timezone ?? null,
    password_hash: null,
    password_changed_at: null,
    active: user.active ? 1 : 0,
    deleted_at: null,
    last_company_id: null,
    created_at: clock(),
  }
  try {
    await store.write([...insertUser(store, row), reserveIds(store, 'user', row.user_id)])
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    throw new InputError(`The e-mail ${row.email} or the id ${row.user_id} belongs to another user.`)
  }
  return row
}

/** A deactivated user is signed out, and the tokens at every company are refused from the next request on. */
export function setActive({ store }: Runtime, userId: number, active: boolean): Promise<void> {
  return retryOnConflict(async () => {
    await requireUser(store, userId)
    const companyIds = await listCompanyIdsOfUser(store, userId)
    const signOut = active ? [] : [deleteSessionsOfUser(store, userId)]
    const [touchUser, ...changeMemberships] = setUserActive(store, userId, companyIds, active)
    await store.write([
      touchUser!,
      requireMembershipCount(store, userId, companyIds.length),
      ...changeMemberships,
      ...signOut,
    ])
  })
}

/** Ends every membership and session; the id is never given again, the e-mail may be. */
export function deleteUser({ store, clock }: Runtime, userId: number): Promise<void> {
  return retryOnConflict(async () => {
    const user = await requireUser(store, userId)
    const companyIds = await listCompanyIdsOfUser(store, userId)
    const [touchUser, ...removeUser] = markUserDeleted(store, user, clock())
    await store.write([
      touchUser!,
      requireMembershipCount(store, userId, companyIds.length),
      ...companyIds.flatMap(companyId => [
        ...lockMembership(store, companyId, userId),
        queueUninstallCallbacks(store, { company_id: companyId, user_id: userId }, clock()),
        ...deleteMembership(store, companyId, userId),
      ]),
      ...removeUser,
      deleteSessionsOfUser(store, userId),
    ])
  })
}

/** @throws {InputError} when there is no such user, or no longer */
export async function requireUser(store: Runtime['store'], userId: number): Promise<UserRow> {
  const user = await findUser(store, userId)
  if (!user || user.deleted_at !== null) throw new InputError(`There is no user ${userId}.`)
  return user
}
