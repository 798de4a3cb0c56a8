import { timingSafeEqual } from 'node:crypto'
import { authenticate } from '../config/keys.ts'
import type { Runtime } from '../config/runtime.ts'

/** Milliseconds for which a nonce is the current one; it is taken for as long again. */
const PERIOD = 60_000

/** What a proof must hold next (RFC 9449 section 8): every node makes the same, and none is stored. */
export function currentNonce({ keys, clock }: Runtime): string {
  return nonceOf(keys.forms[0]!, Math.floor(clock() / PERIOD))
}

/** Whether a nonce was given just now, under the current key or an earlier one. */
export function isRecentNonce({ keys, clock }: Runtime, nonce: unknown): boolean {
  if (typeof nonce !== 'string') return false
  const given = Buffer.from(nonce)
  const period = Math.floor(clock() / PERIOD)
  // That of the next period, too: the clock of another node may be ahead.
  const expected = keys.forms.flatMap(key =>
    [period + 1, period, period - 1].map(each => Buffer.from(nonceOf(key, each))),
  )
  return expected.some(each => each.length === given.length && timingSafeEqual(each, given))
}

function nonceOf(key: Uint8Array, period: number): string {
  return authenticate(key, 'dpop nonce', String(period)).toString('base64url')
}
