import type { Logger } from 'pino'
import { CLOCK_SETTING, findSetting, putSetting } from '../store/queries/settings.ts'
import type { Store } from '../store/store.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A leap of less cannot make cleaning delete what is still good: it runs so much late. */
const MAX_LEAP = DAY
/** A server may have been off for this long without an operator having to confirm the clock. */
const MAX_ABSENCE = 7 * DAY
/** A time that was written so near to now, after a leap was noticed, shows that others have the same clock. */
const AGREED = 10 * MINUTE

/**
 * Notices that this machine's clock is far ahead: everything would seem to have run out, and cleaning would delete it. Until
 * the clock is right again, or an operator says that it is, nothing is deleted.
 */
export class ClockGuard {
  readonly #store: Store
  readonly #clock: () => number
  readonly #monotonic: () => number
  readonly #log: Logger
  /** The two clocks at one moment. */
  #anchor: { clock: number; monotonic: number }
  #warnedAt: number | undefined

  constructor(
    { store, clock, log }: { store: Store; clock: () => number; log: Logger },
    monotonic = () => performance.now(),
  ) {
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.#monotonic = monotonic
    this.#anchor = { clock: clock(), monotonic: monotonic() }
  }

  /** Whether what seems to have run out may be deleted. */
  async isTrusted(): Promise<boolean> {
    const now = this.#clock()
    const passed = this.#monotonic() - this.#anchor.monotonic
    const leap = now - this.#anchor.clock - passed
    const seen = await this.#lastSeen()
    const absence = seen === undefined ? 0 : now - seen
    const isAgreed = this.#warnedAt !== undefined && Math.abs(absence) < AGREED && seen !== undefined
    const isSuspect = !isAgreed && (leap > MAX_LEAP || absence > MAX_ABSENCE)
    if (isSuspect) {
      this.#warn(now, Math.max(leap, absence))
      return false
    }
    if (this.#warnedAt !== undefined) this.#log.info('the clock is trusted again, and cleaning continues')
    this.#warnedAt = undefined
    // A clock that was set back, or agreed on, is measured from where it is now.
    if (isAgreed || leap < -MINUTE) this.#anchor = { clock: now, monotonic: this.#monotonic() }
    if (seen === undefined || Math.abs(absence) >= MINUTE) await confirmClock(this.#store, now)
    return true
  }

  async #lastSeen(): Promise<number | undefined> {
    const text = await findSetting(this.#store, CLOCK_SETTING)
    return text === undefined ? undefined : Number(text)
  }

  /** Once an hour. */
  #warn(now: number, ahead: number) {
    const since = this.#monotonic()
    if (this.#warnedAt !== undefined && since - this.#warnedAt < HOUR) return
    this.#warnedAt = since
    this.#log.warn(
      { now: new Date(now).toISOString(), days_ahead: Math.round(ahead / DAY) },
      'nothing is cleaned: the clock is days ahead of where it was. If it is right, run `tenantry clean`',
    )
  }
}

/** Writes down that the clock is right. */
export async function confirmClock(store: Store, now: number): Promise<void> {
  await store.write([putSetting(store, CLOCK_SETTING, String(now))])
}
