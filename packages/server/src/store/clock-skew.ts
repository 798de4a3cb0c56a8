/** By how much the clocks of two nodes may differ, in milliseconds. */
export const CLOCK_SKEW = 60_000

/**
 * Whether a stored time is further ahead than its rule can have put it: the clock was ahead when it was written, or has
 * been set back since. Such a time counts as now.
 * @param reach how far ahead of now the rule puts it at most, in milliseconds
 */
export function isTooFarAhead(time: number, now: number, reach = 0): boolean {
  return time > now + reach + CLOCK_SKEW
}
