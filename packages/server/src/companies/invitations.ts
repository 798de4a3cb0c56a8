import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { recordEvent } from '../audit/record.ts'
import type { Runtime } from '../config/runtime.ts'
import { allocateId, reserveIds } from '../store/queries/ids.ts'
import {
  deleteInvitation,
  findInvitation,
  type InvitationKey,
  type InvitationRow,
  insertInvitation,
  listInvitations,
  spendInvitation,
} from '../store/queries/invitations.ts'
import { findMember, insertMembership, type MembershipRow } from '../store/queries/memberships.ts'
import { insertUser, type UserRow } from '../store/queries/users.ts'
import { ConstraintViolation, retryOnConflict, type Statement, writeUnlessConflict } from '../store/store.ts'
import { canonicalEmail } from './emails.ts'
import { checkInput, displayName, InputError, locale, signInEmail, TakenError } from './input.ts'
import { describeMemberChange, newRow } from './memberships.ts'
import { requireUser } from './users.ts'

/** Invitations of a company that wait. */
export const MAX_INVITATIONS = 200
/** Milliseconds for which one is good. */
export const INVITATION_LIFETIME = 7 * 24 * 3600 * 1000

const newInvitation = z.strictObject({ email: signInEmail, isAdmin: z.boolean().default(false) })

/**
 * Invites someone to a company, in the place of an earlier invitation of the same address.
 * @param by the administrator
 * @param mail what sends it, given its key
 * @throws {InputError} if the address cannot be one, or too many invitations wait
 * @throws {WriteConflict} if the one who invites is no administrator any more
 */
export async function inviteMember(
  runtime: Runtime,
  { companyId, by, ...input }: { companyId: number; by: number; email: string; isAdmin: boolean },
  mail: (key: InvitationKey) => Promise<Statement>,
): Promise<InvitationRow> {
  const { store, clock } = runtime
  const { email, isAdmin } = checkInput(newInvitation, input)
  const waiting = await listInvitations(store, companyId, MAX_INVITATIONS)
  const earlier = waiting.filter(each => canonicalEmail(each.email) === canonicalEmail(email))
  if (waiting.length - earlier.length >= MAX_INVITATIONS) {
    throw new InputError(`At most ${MAX_INVITATIONS} invitations can wait. Take some back.`)
  }
  const now = clock()
  const row: InvitationRow = {
    company_id: companyId,
    invitation_id: randomBytes(9).toString('base64url'),
    email,
    is_admin: isAdmin ? 1 : 0,
    invited_by: by,
    link_hash: null,
    created_at: now,
    expires_at: now + INVITATION_LIFETIME,
  }
  await store.write([
    ...earlier.map(each => deleteInvitation(store, each)),
    insertInvitation(store, row),
    await mail(row),
    recordEvent(runtime, {
      action: 'invitation.made',
      companyId,
      facts: { is_admin: isAdmin },
      personal: { email },
    }),
  ])
  return row
}

/** @returns false if there is no such invitation */
export function withdrawInvitation(runtime: Runtime, key: InvitationKey): Promise<boolean> {
  const { store } = runtime
  return writeUnlessConflict(store, [
    deleteInvitation(store, key),
    recordEvent(runtime, { action: 'invitation.withdrawn', companyId: key.company_id }),
  ])
}

/**
 * Makes a user a member by an invitation, which is good once. The company knows them by the address that it invited.
 * @returns false if the invitation is not there any more, as it was read
 */
export function acceptInvitation(runtime: Runtime, invitation: InvitationRow, userId: number): Promise<boolean> {
  const { store } = runtime
  return retryOnConflict(async () => {
    if (!(await isSame(runtime, invitation))) return false
    const user = await requireUser(store, userId)
    const known = await findMember(store, invitation.company_id, userId)
    const joining = known ? [] : join(runtime, invitation, user)
    await store.write([spendInvitation(store, invitation), ...joining])
    return true
  })
}

const newAccount = z.strictObject({ name: displayName, locale })

/**
 * The same for someone who has no account: the address of the invitation becomes the one that they sign in with.
 * @param passwordHash of the password that they chose
 * @returns the user; undefined if the invitation is not there any more
 * @throws {TakenError} if the address is that of another user
 */
export async function acceptAsNewUser(
  runtime: Runtime,
  invitation: InvitationRow,
  { passwordHash, ...input }: { name: string; locale: string; passwordHash: string },
): Promise<UserRow | undefined> {
  const { store, clock } = runtime
  const given = checkInput(newAccount, input)
  const now = clock()
  const user: UserRow = {
    user_id: await allocateId(store, 'user'),
    email: invitation.email,
    ...given,
    timezone: null,
    password_hash: passwordHash,
    imported_hash: null,
    password_changed_at: now,
    active: 1,
    deleted_at: null,
    last_company_id: null,
    created_at: now,
  }
  const statements = [
    spendInvitation(store, invitation),
    ...insertUser(store, user, canonicalEmail(user.email)),
    reserveIds(store, 'user', user.user_id),
    recordEvent(runtime, { action: 'user.created', userId: user.user_id, facts: { invited: true } }),
    ...join(runtime, invitation, user),
  ]
  try {
    return (await writeUnlessConflict(store, statements)) ? user : undefined
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    throw new TakenError(`The e-mail ${user.email} belongs to another user.`)
  }
}

/** Statements that add the member. */
function join(runtime: Runtime, { company_id: companyId, email, is_admin }: InvitationRow, user: UserRow): Statement[] {
  const { user_id: userId } = user
  const given = { companyId, userId, email, isAdmin: is_admin === 1, hasCreatedCompany: false }
  const row: MembershipRow = newRow(given, user, runtime.clock())
  return [
    ...insertMembership(runtime.store, row),
    recordEvent(runtime, { action: 'member.added', companyId, userId, ...describeMemberChange({}, row) }),
  ]
}

async function isSame({ store }: Runtime, invitation: InvitationRow): Promise<boolean> {
  const now = await findInvitation(store, invitation)
  if (!now?.link_hash || !invitation.link_hash) return false
  return now.is_admin === invitation.is_admin && Buffer.from(now.link_hash).equals(invitation.link_hash)
}
