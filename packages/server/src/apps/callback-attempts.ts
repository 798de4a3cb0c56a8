import type { OutboundAnswer } from '../http/outbound/send.ts'
import type { QueuedCallback } from '../store/queries/callback-queue.ts'

const SECOND = 1000
const HOUR = 3600 * SECOND
/** For the look-up, the connection and the response together, even if bytes keep arriving. */
export const TIME_LIMIT = 10 * SECOND
export const FIRST_PAUSE = SECOND
const MAX_PAUSE = HOUR
/** The longest that an app may ask to be left alone. */
const MAX_RETRY_AFTER = 24 * HOUR
const GIVE_UP_AFTER = 24 * HOUR
/** However long the day seems by a clock that leaps, so often it is tried. */
const MIN_ATTEMPTS = 20

/** Pauses are spread, so that what failed together is not tried together. */
const SMALLEST_SPREAD = 0.75
const MAX_SPREAD = 1.25

/** A next attempt that is further ahead was put there by a clock that was ahead, in milliseconds. */
export const FURTHEST_ATTEMPT = MAX_RETRY_AFTER + MAX_PAUSE * MAX_SPREAD

/**
 * Twice as long a pause after each failure, an hour at most, with some chance in it; not before the app said; after a day no
 * more.
 * @param wait how long the app asked to be left alone, in milliseconds
 */
export function planNextAttempt(callback: QueuedCallback, now: number, error: string, wait = 0) {
  const pause = Math.min(FIRST_PAUSE * 2 ** Math.min(callback.attempts, 20), MAX_PAUSE)
  const spread = SMALLEST_SPREAD + Math.random() * (MAX_SPREAD - SMALLEST_SPREAD)
  const nextAttemptAt = Math.round(now + Math.max(pause * spread, wait))
  const isOver = nextAttemptAt > callback.ended_at + GIVE_UP_AFTER && callback.attempts + 1 >= MIN_ATTEMPTS
  return { error: error.slice(0, 200), nextAttemptAt, gaveUpAt: isOver ? now : null }
}

/** Seconds or a date (RFC 9110 section 10.2.3), as milliseconds from now; 0 where it says nothing that can be understood. */
export function retryAfter({ retryAfter }: OutboundAnswer, now: number): number {
  if (retryAfter === undefined) return 0
  // What else `Date.parse` understands is no date of HTTP.
  const date = /^[A-Z][a-z]+, .* GMT$/.test(retryAfter) ? Date.parse(retryAfter) : Number.NaN
  const wait = /^\d+$/.test(retryAfter) ? Number(retryAfter) * SECOND : date - now
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), MAX_RETRY_AFTER) : 0
}

export function publicFacts({ client_id, company_id, user_id }: QueuedCallback) {
  return { client_id, company_id, user_id }
}
