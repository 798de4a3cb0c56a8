import { isTooFarAhead } from '../store/clock-skew.ts'
import type { MasterKeyRow } from '../store/queries/master-keys.ts'

/** Milliseconds from the creation of a key to its first use: by then every node has loaded it. */
export const ACTIVE_AFTER = 120_000

/** A master key as it may be shown. */
export interface MasterKeyFacts {
  keyId: number
  state: 'coming' | 'current' | 'earlier'
  createdAt: number
  activeAt: number
}

/** A key from a clock that was ahead would not be used until this clock gets there, although every node has loaded it. */
export function plausibleStart(activeAt: number, now: number): number {
  return isTooFarAhead(activeAt, now, ACTIVE_AFTER) ? now : activeAt
}

/** Keys as they may be shown, for which no secret is needed. @param rows the newest first */
export function describeMasterKeys(
  rows: readonly Pick<MasterKeyRow, 'key_id' | 'created_at' | 'active_at'>[],
  now: number,
): MasterKeyFacts[] {
  const known = rows.map(row => ({ ...row, active_at: plausibleStart(row.active_at, now) }))
  const current = known.find(({ active_at }) => active_at <= now)
  return known.map(row => ({
    keyId: row.key_id,
    state: row === current ? 'current' : row.active_at > now ? 'coming' : 'earlier',
    createdAt: row.created_at,
    activeAt: row.active_at,
  }))
}
