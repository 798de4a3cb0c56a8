import { describe, expect, it } from 'vitest'
import { planNextAttempt, retryAfter } from './callback-attempts.ts'

const SECOND = 1000

describe('the time of the next attempt', () => {
  const callback = {
    company_id: 1,
    user_id: 1,
    client_id: 'c',
    ended_at: 0,
    attempts: 0,
    next_attempt_at: 0,
    claimed_until: null,
    gave_up_at: null,
    last_error: null,
  }

  it('at least twenty attempts are made, even when the clock jumps', () => {
    const aYearLater = 365 * 24 * 3600 * SECOND
    expect(planNextAttempt(callback, aYearLater, 'x').gaveUpAt).toBeNull()
    expect(planNextAttempt({ ...callback, attempts: 19 }, aYearLater, 'x').gaveUpAt).toBe(aYearLater)
  })

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Thu, 01 Jan 1970 00:02:00 GMT', 60_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['99999999999', 24 * 3600 * SECOND],
    ['soon', 0],
    ['-5', 0],
    [undefined, 0],
  ])('Retry-After %j is %d ms', (header, wait) => {
    expect(retryAfter({ status: 503, retryAfter: header }, 60_000)).toBe(wait)
  })

  it('the pauses between attempts double up to an hour', () => {
    for (let attempts = 0; attempts < 40; attempts++) {
      const { nextAttemptAt } = planNextAttempt({ ...callback, attempts }, 0, 'x')
      const pause = Math.min(1000 * 2 ** attempts, 3600 * SECOND)
      expect(nextAttemptAt).toBeGreaterThanOrEqual(pause * 0.75)
      expect(nextAttemptAt).toBeLessThanOrEqual(pause * 1.25)
    }
  })
})
