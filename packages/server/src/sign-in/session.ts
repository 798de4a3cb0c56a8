import { hash } from 'node:crypto'
import { recordEvent } from '../audit/record.ts'
import { randomSecret } from '../config/random.ts'
import type { Runtime } from '../config/runtime.ts'
import { actingAs } from '../http/acting.ts'
import { readCookie, writeCookie } from '../http/cookies.ts'
import type { PageContext, SignedIn } from '../http/environment.ts'
import { isTooFarAhead } from '../store/clock-skew.ts'
import { listCompanyIdsOfUser, recordSignIn } from '../store/queries/memberships.ts'
import { endOpenidSessions } from '../store/queries/openid-sessions.ts'
import {
  deleteSession,
  findSessionWithUser,
  insertSession,
  renewSession,
  type SessionRow,
  touchSession,
} from '../store/queries/sessions.ts'
import { replacePasswordHash, requireUnchangedSignIn, type UserRow } from '../store/queries/users.ts'
import { retryOnConflict, type Statement, writeUnlessConflict } from '../store/store.ts'
import { hashSecret } from '../tokens/token-text.ts'
import { describeDevice } from './device.ts'

/** A small step back of the clock ends no session; a session created by a clock further ahead would live too long. */
const DAY = 24 * 3600 * 1000

/** The session with this id, while it and its user are good. */
export async function readSession(runtime: Runtime, sessionId: string): Promise<SignedIn | undefined> {
  const { store, clock, settings } = runtime
  const found = await findSessionWithUser(store, hashSecret(sessionId))
  if (!found) return undefined
  const { session, user } = found
  const now = clock()
  if (session.expires_at <= now || isTooFarAhead(session.created_at, now, DAY)) return undefined
  const { sessionIdleTimeout } = settings
  const idle = now - (session.last_used_at ?? session.created_at)
  if (sessionIdleTimeout !== undefined && idle > sessionIdleTimeout * 1000) return undefined
  await touch(runtime, session, idle)
  return user.active === 1 && user.deleted_at === null ? { sessionId, session, user } : undefined
}

/** A use is written down when the last one that was is this long ago; sooner where sessions end sooner. */
const TOUCH_AFTER = 10 * 60_000

async function touch({ store, clock, settings, log }: Runtime, session: SessionRow, idle: number) {
  const { sessionIdleTimeout } = settings
  const often = sessionIdleTimeout === undefined ? TOUCH_AFTER : Math.min(TOUCH_AFTER, sessionIdleTimeout * 250)
  if (idle < often) return
  try {
    await store.write([touchSession(store, session.session_hash, clock())])
  } catch (error) {
    // The page can be shown all the same, as long as the database can be read.
    log.warn({ err: error }, 'the use of a session was not written down')
  }
}

/** What apps know a session by: it says nothing of the cookie. */
export function sidOf({ sid, session_hash }: Pick<SessionRow, 'sid' | 'session_hash'>): string {
  // A session of an earlier version has none.
  return sid ?? hash('sha256', session_hash, 'base64url').slice(0, 22)
}

/** How the person proved who they are, where that was not here. */
type Proof = Pick<SessionRow, 'authenticated_at' | 'methods' | 'limits'>

/** How often the same proof of the same person is written down: hosts that answer each request would write each time. */
const RENEW_AFTER = 60_000

/**
 * Starts a session under a new id, and ends the one that this browser had before.
 * @param user as it was when the password was verified
 * @param passwordHash replaces the one that was verified
 * @returns false when the password was changed, or the user deactivated or deleted, since then
 */
export async function startSession(c: PageContext, user: UserRow, passwordHash?: string): Promise<boolean> {
  const { store } = c.var.runtime
  const conditions = passwordHash === undefined ? [] : [replacePasswordHash(store, user, passwordHash)]
  const proof = { authenticated_at: null, methods: null, limits: null }
  return (await startNewSession(c, user, proof, conditions)) !== undefined
}

/**
 * Goes on with the session that the same person has in this browser, or starts one.
 * @returns undefined when a condition does not hold, or the user was deactivated or deleted
 */
export async function renewOrStartSession(
  c: PageContext,
  user: UserRow,
  proof: Proof,
  conditions: readonly Statement[],
): Promise<SignedIn | undefined> {
  const { signedIn } = c.var
  if (signedIn?.user.user_id !== user.user_id) return startNewSession(c, user, proof, conditions)
  const { store, clock, settings } = c.var.runtime
  const { session, sessionId } = signedIn
  const isSame = session.limits === proof.limits && session.methods === proof.methods
  const isRecent = Math.abs((proof.authenticated_at ?? 0) - (session.authenticated_at ?? 0)) < RENEW_AFTER
  if (isSame && isRecent && conditions.length === 0) return signedIn
  const renewed = { ...session, ...proof, expires_at: clock() + settings.sessionLifetime * 1000 }
  const { company_id, created_at, user_id, sid, device, last_used_at, ...written } = renewed
  const isWritten = await writeUnlessConflict(store, [...conditions, renewSession(store, written)])
  if (!isWritten) return undefined
  writeCookie(c, 'session', sessionId, settings.sessionLifetime)
  return { sessionId, session: renewed, user }
}

/** The session that this browser had: for apps it goes on where the same person signs in again. */
async function endEarlier(c: PageContext, keptSid: string | undefined): Promise<Statement[]> {
  const { runtime, signedIn } = c.var
  if (signedIn && keptSid === undefined) return endStatements(runtime, signedIn.session)
  const before = readCookie(c, 'session')
  return before ? [deleteSession(runtime.store, hashSecret(before))] : []
}

async function startNewSession(
  c: PageContext,
  user: UserRow,
  proof: Proof,
  conditions: readonly Statement[],
): Promise<SignedIn | undefined> {
  const { store, clock, settings } = c.var.runtime
  const sessionId = randomSecret(32).toString('base64url')
  const now = clock()
  // Towards apps it is the same session, so that what they were told of it stays true.
  const keptSid = c.var.signedIn?.user.user_id === user.user_id ? sidOf(c.var.signedIn.session) : undefined
  const session: SessionRow = {
    ...proof,
    session_hash: hashSecret(sessionId),
    user_id: user.user_id,
    sid: keptSid ?? randomSecret(16).toString('base64url'),
    company_id: null,
    created_at: now,
    expires_at: now + settings.sessionLifetime * 1000,
    device: describeDevice(c.req.header('User-Agent')),
    last_used_at: now,
  }
  const facts = proof.authenticated_at !== null && { external: true, amr: proof.methods?.split(' ') ?? [] }
  const start = async () =>
    writeUnlessConflict(store, [
      requireUnchangedSignIn(store, user),
      ...conditions,
      ...(await endEarlier(c, keptSid)),
      insertSession(store, session),
      recordEvent(actingAs(c, 'user', user.user_id), {
        action: 'user.signed_in',
        userId: user.user_id,
        ...(facts && { facts }),
      }),
      ...recordSignIn(store, user.user_id, await listCompanyIdsOfUser(store, user.user_id), now),
    ])
  // An app may have been signed in to within the session that ends, at this moment: decided again.
  const isStarted = (await start()) || (c.var.signedIn !== undefined && (await start()))
  if (!isStarted) return undefined
  writeCookie(c, 'session', sessionId, settings.sessionLifetime)
  return { sessionId, session, user }
}

/** Signs the browser out, and tells the apps that asked to hear of it. */
export async function endSession(c: PageContext) {
  const { store } = c.var.runtime
  const { signedIn } = c.var
  const sessionId = readCookie(c, 'session')
  if (signedIn) {
    const userId = signedIn.user.user_id
    await retryOnConflict(async () =>
      store.write([
        ...(await endStatements(c.var.runtime, signedIn.session)),
        recordEvent(actingAs(c, 'user', userId), { action: 'user.signed_out', userId }),
      ]),
    )
  } else if (sessionId) await store.write([deleteSession(store, hashSecret(sessionId))])
  writeCookie(c, 'session', '', 0)
}

/** Deletes a session, and queues what apps are told of it. */
export async function endStatements({ store, clock }: Runtime, session: SessionRow): Promise<Statement[]> {
  return [
    deleteSession(store, session.session_hash),
    ...(await endOpenidSessions(store, { sid: sidOf(session) }, clock())),
  ]
}
