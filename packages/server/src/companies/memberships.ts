import { z } from 'zod'
import { describeChange, recordEvent } from '../audit/record.ts'
import type { Runtime } from '../config/runtime.ts'
import { findCompany } from '../store/queries/companies.ts'
import {
  endMembership,
  findMember,
  insertMembership,
  type MembershipChange,
  type MembershipRow,
  updateMembership,
} from '../store/queries/memberships.ts'
import type { UserRow } from '../store/queries/users.ts'
import { ConstraintViolation, retryOnConflict, writeUnlessConflict } from '../store/store.ts'
import {
  checkInput,
  displayName,
  email,
  InputError,
  id,
  locale,
  moment,
  NotFoundError,
  type Precondition,
  TakenError,
  timezone,
} from './input.ts'
import { isUnchanged } from './unchanged.ts'
import { requireUser } from './users.ts'

const currency = z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters such as USD')

/** What may differ from company to company. */
export const memberFields = {
  name: displayName,
  email,
  phone: z.string().trim().max(50).nullable(),
  locale,
  timezone: timezone.nullable(),
  currency,
  isAdmin: z.boolean(),
  roleId: z.int().nonnegative(),
  iconUrl: z.url({ protocol: /^https$/ }).nullable(),
  active: z.boolean(),
}

const membershipChange = z.strictObject(memberFields).partial()

const newMembership = membershipChange.extend({
  companyId: id,
  userId: id,
  hasCreatedCompany: z.boolean().default(false),
  signupFlowVariation: z.string().nullish(),
  createdAt: moment.optional(),
  modifiedAt: moment.nullish(),
  lastLoginAt: moment.nullish(),
})

export type MembershipProfile = z.input<typeof membershipChange>
export type NewMembership = z.input<typeof newMembership>

/**
 * Makes a user a member of a company. What is left out is taken from the user.
 * @throws {InputError} if there is no such user or company, an entry is invalid, or the user is a member already
 * @example
 * ```ts
 * import { addMember } from 'tenantry'
 * const row = await addMember(runtime, {
 *   companyId: company.company_id,
 *   userId: newUser.user_id,
 *   email: 'q@mi6.example',
 *   isAdmin: true,
 * })
 * console.log(row.email)
 * ```
 */
export function addMember(runtime: Runtime, input: NewMembership): Promise<MembershipRow> {
  const { store, clock } = runtime
  const given = checkInput(newMembership, input)
  return retryOnConflict(async () => {
    const user = await requireUser(store, given.userId)
    if (!(await findCompany(store, given.companyId))) throw new NotFoundError(`There is no company ${given.companyId}.`)
    const row = newRow(given, user, clock())
    await insertOnce(runtime, row)
    return row
  })
}

/** What is left out is taken from the user. */
export function newRow(given: z.output<typeof newMembership>, user: UserRow, now: number): MembershipRow {
  return {
    company_id: given.companyId,
    user_id: given.userId,
    name: given.name ?? user.name,
    email: given.email ?? user.email,
    phone: given.phone ?? null,
    locale: given.locale ?? user.locale,
    timezone: given.timezone === undefined ? user.timezone : given.timezone,
    currency: given.currency ?? 'USD',
    is_admin: given.isAdmin ? 1 : 0,
    role_id: given.roleId ?? 1,
    icon_url: given.iconUrl ?? null,
    has_created_company: given.hasCreatedCompany ? 1 : 0,
    signup_flow_variation: given.signupFlowVariation ?? null,
    active: given.active === false ? 0 : 1,
    user_active: user.active,
    created_at: given.createdAt ?? now,
    modified_at: given.modifiedAt ?? null,
    last_login_at: given.lastLoginAt ?? null,
    app_client_id: null,
  }
}

async function insertOnce(runtime: Runtime, row: MembershipRow) {
  const { store } = runtime
  const { company_id: companyId, user_id: userId } = row
  const event = recordEvent(runtime, { action: 'member.added', companyId, userId, ...describeMemberChange({}, row) })
  try {
    await store.write([...insertMembership(store, row), event])
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    throw new TakenError(`User ${row.user_id} is a member of company ${row.company_id} already.`)
  }
}

/**
 * Changes what a company knows of its member. A changed e-mail changes no identity.
 * @throws {InputError} if there is no such membership, or an entry is invalid
 * @example
 * ```ts
 * import { setMember } from 'tenantry'
 * await setMember(runtime, company.company_id, user.user_id, { locale: 'fr', timezone: 'Europe/Paris' })
 * ```
 */
export async function setMember(
  runtime: Runtime,
  companyId: number,
  userId: number,
  input: MembershipProfile,
): Promise<MembershipRow> {
  if (Object.keys(input).length === 0) throw new InputError('Nothing to change. Give at least one option.')
  return changeMember(runtime, companyId, userId, input)
}

/** The same, if it is as the precondition wants it; nothing is written where nothing differs. */
export function changeMember(
  runtime: Runtime,
  companyId: number,
  userId: number,
  input: MembershipProfile,
  precondition: Precondition<MembershipRow> = () => {},
): Promise<MembershipRow> {
  const { store, clock } = runtime
  const { isAdmin, roleId, iconUrl, active, ...same } = checkInput(membershipChange, input)
  const change: MembershipChange = {
    ...same,
    ...(isAdmin !== undefined && { is_admin: isAdmin ? 1 : 0 }),
    ...(roleId !== undefined && { role_id: roleId }),
    ...(iconUrl !== undefined && { icon_url: iconUrl }),
    ...(active !== undefined && { active: active ? 1 : 0 }),
  }
  return retryOnConflict(async () => {
    const before = await findMember(store, companyId, userId)
    if (!before) throw noMember(companyId, userId)
    precondition(before)
    const after = { ...before, ...change }
    if (isUnchanged(before, after)) return before
    after.modified_at = clock()
    const event = recordEvent(runtime, {
      action: 'member.changed',
      companyId,
      userId,
      ...describeMemberChange(before, after),
    })
    await store.write([updateMembership(store, before, after), event])
    return after
  })
}

/**
 * Ends a membership with its installations and their tokens; their apps get uninstall callbacks.
 * @throws {InputError} if there is no such membership
 * @example
 * ```ts
 * import { removeMember } from 'tenantry'
 * await removeMember(runtime, company.company_id, user.user_id)
 * ```
 */
export async function removeMember(runtime: Runtime, companyId: number, userId: number): Promise<void> {
  const isThere = (await findMember(runtime.store, companyId, userId)) !== undefined
  if (!isThere || !(await tryRemoveMember(runtime, companyId, userId))) throw noMember(companyId, userId)
}

/** @returns false if there is no such membership */
export function tryRemoveMember(runtime: Runtime, companyId: number, userId: number): Promise<boolean> {
  const { store, clock } = runtime
  return writeUnlessConflict(store, [
    ...endMembership(store, companyId, userId, clock()),
    recordEvent(runtime, { action: 'member.removed', companyId, userId }),
  ])
}

const DESCRIBED = [
  'name',
  'email',
  'phone',
  'locale',
  'timezone',
  'icon_url',
  'currency',
  'is_admin',
  'role_id',
  'active',
] as const

export function describeMemberChange(before: Partial<MembershipRow>, after: MembershipRow) {
  return describeChange(before, after, DESCRIBED, { isPerson: true })
}

function noMember(companyId: number, userId: number): InputError {
  return new NotFoundError(`User ${userId} is not a member of company ${companyId}.`)
}
