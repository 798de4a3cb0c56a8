import { randomBytes } from 'node:crypto'
import { recordEvent } from '../audit/record.ts'
import type { Runtime } from '../config/runtime.ts'
import { actingAs } from '../http/acting.ts'
import { readCookie, writeCookie } from '../http/cookies.ts'
import type { RequestContext, RouteStep, SignedIn } from '../http/environment.ts'
import { isTooFarAhead } from '../store/clock-skew.ts'
import { listCompanyIdsOfUser, recordSignIn } from '../store/queries/memberships.ts'
import { deleteSession, findSession, insertSession } from '../store/queries/sessions.ts'
import { findUser, replacePasswordHash, requireUnchangedSignIn, type UserRow } from '../store/queries/users.ts'
import { writeUnlessConflict } from '../store/store.ts'
import { hashSecret } from '../tokens/token-text.ts'

/** A small step back of the clock ends no session; a session created by a clock further ahead would live too long. */
const DAY = 24 * 3600 * 1000

/** The step before every page: sets `signedIn` to the user who is signed in in this browser, if any. */
export const findSignedIn: RouteStep = async (c, next) => {
  const sessionId = readCookie(c, 'session')
  c.set('signedIn', sessionId ? await readSession(c.var.runtime, sessionId) : undefined)
  await next()
}

async function readSession({ store, clock }: Runtime, sessionId: string): Promise<SignedIn | undefined> {
  const session = await findSession(store, hashSecret(sessionId))
  const now = clock()
  if (!session || session.expires_at <= now || isTooFarAhead(session.created_at, now, DAY)) return undefined
  const user = await findUser(store, session.user_id)
  return user?.active === 1 && user.deleted_at === null ? { sessionId, session, user } : undefined
}

/**
 * Starts a session under a new id, and ends the one that this browser had before.
 * @param user as it was when the password was verified
 * @param passwordHash replaces the one that was verified
 * @returns false when the password was changed, or the user deactivated or deleted, since then
 */
export async function startSession(c: RequestContext, user: UserRow, passwordHash?: string): Promise<boolean> {
  const { store, clock, settings } = c.var.runtime
  const sessionId = randomBytes(32).toString('base64url')
  const now = clock()
  const before = readCookie(c, 'session')
  const isStarted = await writeUnlessConflict(store, [
    requireUnchangedSignIn(store, user),
    ...(passwordHash === undefined ? [] : [replacePasswordHash(store, user, passwordHash)]),
    ...(before ? [deleteSession(store, hashSecret(before))] : []),
    insertSession(store, {
      session_hash: hashSecret(sessionId),
      user_id: user.user_id,
      company_id: null,
      created_at: now,
      expires_at: now + settings.sessionLifetime * 1000,
    }),
    recordEvent(actingAs(c, 'user', user.user_id), { action: 'user.signed_in', userId: user.user_id }),
    ...recordSignIn(store, user.user_id, await listCompanyIdsOfUser(store, user.user_id), now),
  ])
  if (isStarted) writeCookie(c, 'session', sessionId, settings.sessionLifetime)
  return isStarted
}

export async function endSession(c: RequestContext) {
  const { store } = c.var.runtime
  const sessionId = readCookie(c, 'session')
  const userId = c.var.signedIn?.user.user_id
  const event =
    userId === undefined ? [] : [recordEvent(actingAs(c, 'user', userId), { action: 'user.signed_out', userId })]
  if (sessionId) await store.write([deleteSession(store, hashSecret(sessionId)), ...event])
  writeCookie(c, 'session', '', 0)
}

/** The step before a user's own pages: leads others to sign in first. */
export const requireSignedIn: RouteStep = async (c, next) => {
  if (c.var.signedIn) return next()
  return c.redirect(`/sign-in?${new URLSearchParams({ return_to: c.req.path })}`, 303)
}
