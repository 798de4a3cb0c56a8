import { FIRST_PAUSE } from './callback-attempts.ts'

const SECOND = 1000
/** The most calls that run at a time: of all apps, of those that have not answered well, and of one app. */
const MAX_CALLS = 128
const MAX_UNPROVEN_CALLS = 96
const MAX_CALLS_OF_ONE = 8
const MAX_APP_PAUSE = 60 * SECOND

/** How an app has answered, as far as this process knows. */
interface AppState {
  running: number
  /** How many may run: one at first, twice as many after each good answer, one again after a failure. */
  places: number
  /** How often in a row it did not answer at all. */
  failures: number
  isPausing: boolean
  /** From when and until when nothing is sent to it. */
  pausedFrom: number
  pausedUntil: number
}

/** Shares the places for running calls among the apps, so that one that hangs or fails takes none from the others. */
export class CallbackPlaces {
  readonly #apps = new Map<string, AppState>()
  #running = 0
  #isShort = false

  /** Whether some app could have used more places since the last {@link beginRound}. */
  get isShort(): boolean {
    return this.#isShort
  }

  beginRound() {
    this.#isShort = false
  }

  /** How many calls of an app may begin now. */
  freeFor(clientId: string, now: number): number {
    const state = this.#stateOf(clientId)
    // If now is before the pause began, the clock was set back, and it is unknown how long ago that was.
    if (state.isPausing || (state.pausedFrom <= now && now < state.pausedUntil)) return 0
    const isProven = state.places > 1
    const free = (isProven ? MAX_CALLS : MAX_UNPROVEN_CALLS) - this.#running
    const wanted = state.places - state.running
    const places = Math.max(0, Math.min(wanted, free))
    if (places < wanted) this.#isShort = true
    return places
  }

  take(clientId: string, count: number) {
    this.#stateOf(clientId).running += count
    this.#running += count
  }

  release(clientId: string, count: number) {
    const state = this.#stateOf(clientId)
    state.running -= count
    this.#running -= count
    const isLikeNew = state.running === 0 && state.failures === 0 && state.places === 1 && !state.isPausing
    if (isLikeNew) this.#apps.delete(clientId)
  }

  recordSuccess(clientId: string) {
    const state = this.#stateOf(clientId)
    state.failures = 0
    state.places = Math.min(2 * state.places, MAX_CALLS_OF_ONE)
  }

  /** For an app that answers, but not well: its calls run one after the other. Ends with {@link resume}. */
  pauseBriefly(clientId: string) {
    const state = this.#stateOf(clientId)
    state.places = 1
    state.failures = 0
    state.isPausing = true
  }

  resume(clientId: string) {
    this.#stateOf(clientId).isPausing = false
  }

  /** For an app that did not answer: its pauses grow. @param wait milliseconds that it asked for */
  pause(clientId: string, now: number, wait: number) {
    const state = this.#stateOf(clientId)
    state.places = 1
    state.failures += 1
    state.pausedFrom = now
    state.pausedUntil = now + Math.max(wait, Math.min(FIRST_PAUSE * 2 ** (state.failures - 1), MAX_APP_PAUSE))
  }

  #stateOf(clientId: string): AppState {
    let state = this.#apps.get(clientId)
    if (!state) {
      state = { running: 0, places: 1, failures: 0, isPausing: false, pausedFrom: 0, pausedUntil: 0 }
      this.#apps.set(clientId, state)
    }
    return state
  }
}
