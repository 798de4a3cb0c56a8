import { createHash } from 'node:crypto'
import { z } from 'zod'
import { describeChange, recordEvent } from '../audit/record.ts'
import type { Runtime } from '../config/runtime.ts'
import { allocateId, reserveIds } from '../store/queries/ids.ts'
import { listCompanyIdsOfUser, requireMembershipCount } from '../store/queries/memberships.ts'
import {
  findUser,
  findUserByEmail,
  findUserByMemberEmail,
  insertUser,
  setPasswordHash,
  setUserActive,
  type UserRow,
  updateUser,
} from '../store/queries/users.ts'
import { ConstraintViolation, retryOnConflict, type Statement, type Store } from '../store/store.ts'
import { canonicalEmail, emailForms } from './emails.ts'
import { endSessionsOfUser } from './end-sessions.ts'
import {
  checkInput,
  displayName,
  InputError,
  id,
  locale,
  NotFoundError,
  type Precondition,
  signInEmail,
  TakenError,
  timezone,
} from './input.ts'
import { passwordHash } from './password-hash.ts'
import { isUnchanged } from './unchanged.ts'

/** What is known of a user. */
export const userFields = {
  /** The address to sign in with; what companies know the person by stands in the memberships. */
  email: signInEmail,
  name: displayName,
  locale: locale.default('en_US'),
  timezone: timezone.nullish(),
  active: z.boolean().default(true),
  /** A hash of the password that the user has elsewhere. */
  passwordHash: passwordHash.optional(),
}

const newUser = z.strictObject({ userId: id.optional(), ...userFields })

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
    password_hash: user.passwordHash ?? null,
    imported_hash: user.passwordHash === undefined ? null : fingerprint(user.passwordHash),
    password_changed_at: user.passwordHash === undefined ? null : clock(),
    active: user.active ? 1 : 0,
    deleted_at: null,
    last_company_id: null,
    created_at: clock(),
  }
  try {
    await store.write([
      ...insertUser(store, row, canonicalEmail(row.email)),
      reserveIds(store, 'user', row.user_id),
      recordEvent(runtime, { action: 'user.created', userId: row.user_id, ...describeUserChange({}, row) }),
    ])
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    if (await findUserByEmail(store, emailForms(row.email))) throw emailTaken(row.email)
    throw new TakenError(
      user.userId === undefined
        ? 'The user could not be made: another one was made at this moment. Try again.'
        : `The id ${user.userId} belongs to another user.`,
    )
  }
  return row
}

export function describeUserChange(before: Partial<UserRow>, after: UserRow) {
  return describeChange(before, after, ['name', 'email', 'locale', 'timezone', 'active'], { isPerson: true })
}

function emailTaken(email: string): InputError {
  return new TakenError(`The e-mail ${email} belongs to another user.`)
}

const userChange = z
  .strictObject({
    email: signInEmail,
    name: displayName,
    locale,
    timezone: timezone.nullable(),
    active: z.boolean(),
    passwordHash,
  })
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
export async function setUser(runtime: Runtime, userId: number, input: UserChange): Promise<UserRow> {
  if (Object.keys(input).length === 0) throw new InputError('Nothing to change. Give at least one option.')
  return changeUser(runtime, userId, input)
}

/** The same, if it is as the precondition wants it; nothing is written where nothing differs. */
export function changeUser(
  runtime: Runtime,
  userId: number,
  input: UserChange,
  precondition: Precondition<UserRow> = () => {},
): Promise<UserRow> {
  const { store } = runtime
  const { passwordHash: hash, active, ...change } = checkInput(userChange, input)
  return retryOnConflict(async () => {
    const before = await requireUser(store, userId)
    precondition(before)
    const columns = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    const after: UserRow = { ...before, ...columns }
    const owner = after.email === before.email ? before : await findUserByEmail(store, emailForms(after.email))
    if (owner && owner.user_id !== userId) throw emailTaken(after.email)
    const statements: Statement[] = []
    if (!isUnchanged(before, after)) {
      statements.push(...updateUser(store, before, after, emailForms(before.email), canonicalEmail(after.email)))
    }
    if (active !== undefined && active !== (before.active === 1)) {
      statements.push(...(await activate(store, userId, active)))
      after.active = active ? 1 : 0
    }
    if (hash !== undefined && !isImported(before, hash)) {
      statements.push(...importPassword(runtime, userId, hash))
      after.password_hash = hash
    }
    if (after.active < before.active || after.password_hash !== before.password_hash) {
      statements.push(...(await endSessionsOfUser(runtime, userId)))
    }
    if (statements.length === 0) return before
    if (!isUnchanged({ ...before, password_hash: null }, { ...after, password_hash: null })) {
      statements.push(recordEvent(runtime, { action: 'user.changed', userId, ...describeUserChange(before, after) }))
    }
    try {
      await store.write(statements)
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
export function setActive(runtime: Runtime, userId: number, active: boolean): Promise<void> {
  const { store } = runtime
  return retryOnConflict(async () => {
    await requireUser(store, userId)
    await store.write([
      ...(await activate(store, userId, active)),
      ...(active ? [] : await endSessionsOfUser(runtime, userId)),
      recordEvent(runtime, { action: 'user.changed', userId, facts: { active } }),
    ])
  })
}

async function activate(store: Store, userId: number, active: boolean): Promise<Statement[]> {
  const companyIds = await listCompanyIdsOfUser(store, userId)
  const [touchUser, ...changeMemberships] = setUserActive(store, userId, companyIds, active)
  return [touchUser!, requireMembershipCount(store, userId, companyIds.length), ...changeMemberships]
}

/** Whether this hash was given before: it may have been replaced by one of ours since, at a sign-in. */
function isImported({ imported_hash }: UserRow, hash: string): boolean {
  return imported_hash !== null && Buffer.from(imported_hash).equals(fingerprint(hash))
}

function importPassword(runtime: Runtime, userId: number, hash: string): Statement[] {
  const { store, clock } = runtime
  return [
    setPasswordHash(store, userId, hash, clock(), fingerprint(hash)),
    recordEvent(runtime, { action: 'user.password_set', userId, facts: { imported: true } }),
  ]
}

/** What is remembered of an imported hash. */
function fingerprint(passwordHash: string): Buffer {
  return createHash('sha256').update(passwordHash).digest()
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
  if (!user || user.deleted_at !== null) throw new NotFoundError(`There is no user ${userId}.`)
  return user
}
