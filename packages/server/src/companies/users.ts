import { z } from 'zod'
import type { Runtime } from '../config/runtime.ts'
import { allocateId, reserveIds } from '../store/queries/ids.ts'
import { endMembership, listCompanyIdsOfUser, requireMembershipCount } from '../store/queries/memberships.ts'
import { deleteSessionsOfUser } from '../store/queries/sessions.ts'
import {
  findUser,
  findUserByEmail,
  findUserByMemberEmail,
  insertUser,
  markUserDeleted,
  setUserActive,
  type UserRow,
  updateUser,
} from '../store/queries/users.ts'
import { ConstraintViolation, retryOnConflict } from '../store/store.ts'
import { canonicalEmail, emailForms } from './emails.ts'
import { checkInput, displayName, InputError, id, locale, signInEmail, timezone } from './input.ts'

const newUser = z.strictObject({
  userId: id.optional(),
  /** The address to sign in with; what companies know the person by stands in the memberships. */
  email: signInEmail,
  name: displayName,
  locale: locale.default('en_US'),
  timezone: timezone.nullish(),
  active: z.boolean().default(true),
})

export type NewUser = z.input<typeof newUser>

/**
 * Creates a user, who signs in with the e-mail. A membership says at which company: {@link addMember}.
 * @returns the row; `user_id` is the permanent id
 * @throws {InputError} if an entry is invalid, or the e-mail or id is taken
 * @example
 * ```ts
 * import { createUser } from 'tenantry'
 * const moneypenny = await createUser(runtime, { email: 'm@mi6.example', name: 'Eve Moneypenny', locale: 'en-GB' })
 * console.log(moneypenny.user_id)
 * ```
 */
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
    await store.write([...insertUser(store, row, canonicalEmail(row.email)), reserveIds(store, 'user', row.user_id)])
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    if (await findUserByEmail(store, emailForms(row.email))) throw emailTaken(row.email)
    throw new InputError(
      user.userId === undefined
        ? 'The user could not be made: another one was made at this moment. Try again.'
        : `The id ${user.userId} belongs to another user.`,
    )
  }
  return row
}

function emailTaken(email: string): InputError {
  return new InputError(`The e-mail ${email} belongs to another user.`)
}

const userChange = z
  .strictObject({ email: signInEmail, name: displayName, locale, timezone: timezone.nullable() })
  .partial()

export type UserChange = z.input<typeof userChange>

/**
 * Changes a user: the e-mail to sign in with, and the defaults of later memberships. The identity stays the same.
 * @throws {InputError} if there is no such user, an entry is invalid, or the e-mail belongs to another user
 * @example
 * ```ts
 * import { setUser } from 'tenantry'
 * await setUser(runtime, user.user_id, { email: 'bond@mi6.example' })
 * ```
 */
export function setUser(runtime: Runtime, userId: number, input: UserChange): Promise<UserRow> {
  const { store } = runtime
  const change = checkInput(userChange, input)
  if (Object.keys(change).length === 0) throw new InputError('Nothing to change. Give at least one option.')
  return retryOnConflict(async () => {
    const before = await requireUser(store, userId)
    const columns = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    const after: UserRow = { ...before, ...columns }
    const owner = change.email === undefined ? before : await findUserByEmail(store, emailForms(change.email))
    if (owner && owner.user_id !== userId) throw emailTaken(after.email)
    try {
      await store.write(updateUser(store, before, after, emailForms(before.email), canonicalEmail(after.email)))
    } catch (error) {
      if (error instanceof ConstraintViolation) throw emailTaken(after.email)
      throw error
    }
    return after
  })
}

/**
 * Deactivates a user, who is signed out, and whose tokens at every company are refused from the next request on. Or
 * activates the user again.
 * @throws {InputError} if there is no such user
 * @example
 * ```ts
 * import { setActive } from 'tenantry'
 * await setActive(runtime, user.user_id, false)
 * ```
 */
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

/**
 * Deletes a user with every membership and session. The id is never used again; the e-mail may be.
 * @throws {InputError} if there is no such user
 * @example
 * ```ts
 * import { deleteUser } from 'tenantry'
 * await deleteUser(runtime, user.user_id)
 * ```
 */
export function deleteUser({ store, clock }: Runtime, userId: number): Promise<void> {
  return retryOnConflict(async () => {
    const user = await requireUser(store, userId)
    const companyIds = await listCompanyIdsOfUser(store, userId)
    const [touchUser, ...removeUser] = markUserDeleted(store, user, emailForms(user.email), clock())
    await store.write([
      touchUser!,
      requireMembershipCount(store, userId, companyIds.length),
      ...companyIds.flatMap(companyId => endMembership(store, companyId, userId, clock())),
      ...removeUser,
      deleteSessionsOfUser(store, userId),
    ])
  })
}

/**
 * The user whose sign-in e-mail it is, otherwise the only one whom companies know by it: `/users/me` gives apps the
 * latter, and they send it as a login hint. Both are looked up every time, so that the response time reveals nothing.
 */
export async function findUserByAnyEmail(store: Runtime['store'], email: string): Promise<UserRow | undefined> {
  const forms = emailForms(email)
  const [bySignIn, byMembership] = await Promise.all([
    findUserByEmail(store, forms),
    findUserByMemberEmail(store, forms),
  ])
  return bySignIn ?? byMembership
}

/** @throws {InputError} when there is no such user, or no longer */
export async function requireUser(store: Runtime['store'], userId: number): Promise<UserRow> {
  const user = await findUser(store, userId)
  if (!user || user.deleted_at !== null) throw new InputError(`There is no user ${userId}.`)
  return user
}
