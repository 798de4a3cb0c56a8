import type { ConnectError } from '../errors.ts'

/** What a process remembers of refreshes that did not go well, by lease. */
interface Remembered {
  /** Milliseconds since 1970 from when and until when the provider is not asked again, and why. */
  pausedAt: number
  pausedUntil: number
  error: ConnectError | undefined
  failures: number
  oddRefusals: number
}

const FIRST_PAUSE = 1000
const MAX_PAUSE = 30_000
/** Refusals that no RFC knows, before they count as one. */
const MAX_ODD_REFUSALS = 3
const MAX_REMEMBERED = 10_000

/** Later callers need not ask a provider that has just said that it cannot answer. */
export class RememberedFailures {
  readonly #of = new Map<string, Remembered>()

  /** @throws {ConnectError} what the provider answered, with the time that is left of it */
  requireNotPaused(name: string, now: number, again: (error: ConnectError, seconds: number) => ConnectError) {
    const known = this.#of.get(name)
    // Before its own beginning the clock was set back, and nothing is known of how long ago that was.
    if (known?.error && known.pausedUntil > now && known.pausedAt <= now)
      throw again(known.error, (known.pausedUntil - now) / 1000)
  }

  /** A provider that is unreachable or busy: as long as it said, otherwise from the second failure on, twice as long each time. */
  failed(name: string, error: ConnectError, now: number) {
    const known = this.#entry(name)
    const pause = error.retryAfter === undefined ? pauseAfter(known.failures) : error.retryAfter * 1000
    known.failures += 1
    known.error = error
    known.pausedAt = now
    known.pausedUntil = now + pause
  }

  /** @returns whether it has been said often enough to be certain */
  refusedOddly(name: string): boolean {
    const known = this.#entry(name)
    known.oddRefusals += 1
    return known.oddRefusals >= MAX_ODD_REFUSALS
  }

  succeeded(name: string) {
    this.#of.delete(name)
  }

  #entry(name: string): Remembered {
    let known = this.#of.get(name)
    if (!known) {
      if (this.#of.size >= MAX_REMEMBERED) this.#of.clear()
      known = { pausedAt: 0, pausedUntil: 0, error: undefined, failures: 0, oddRefusals: 0 }
      this.#of.set(name, known)
    }
    return known
  }
}

function pauseAfter(failures: number): number {
  return failures === 0 ? 0 : Math.min(FIRST_PAUSE * 2 ** (failures - 1), MAX_PAUSE)
}
