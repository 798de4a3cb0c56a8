import type { Runtime } from '../config/runtime.ts'
import {
  claimDueCallbacks,
  deleteCallback,
  listAppsWithCallbacks,
  recallCallbacks,
  recordFailedCallback,
  releaseCallback,
  type UninstallCallbackRow,
} from '../store/queries/uninstall-callbacks.ts'
import { StoreUnavailable } from '../store/store.ts'
import {
  callApp,
  FIRST_PAUSE,
  FURTHEST_ATTEMPT,
  planNextAttempt,
  publicFacts,
  retryAfter,
  TIME_LIMIT,
} from './callback-attempts.ts'

const SECOND = 1000
/** Longer than a call can take, so that a sender that died is taken over and a living one is not. */
const CLAIM = TIME_LIMIT + 5 * SECOND
/** How long running calls may take once the server stops; then they are released. */
const STOP_GRACE = 3 * SECOND

/** How many calls are under way at most: of all apps, of those that have not answered well, and of one app. */
const PLACES = 128
const UNPROVEN_PLACES = 96
const PLACES_OF_ONE = 8
/** How many apps are looked at together. */
const APPS_AT_ONCE = 256
const MAX_APP_PAUSE = 60 * SECOND
/** Between two calls of an app that answers, but not well: it holds no place for long, and each callback has its own pauses. */
const PAUSE_AFTER_FAILURE = 20
const RECALL_EVERY = 60 * SECOND

/** How an app has answered, as far as this process knows. */
interface AppState {
  underWay: number
  /** How many may be: one at first, twice as many after each good answer, one again after a failure. */
  places: number
  /** How often in a row nothing was answered. */
  failures: number
  isPausing: boolean
  /** From when and until when nothing is sent to it. */
  pausedFrom: number
  pausedUntil: number
}

interface Failure {
  error: string
  isAnswered: boolean
  /** How long the app asked to be left alone, in milliseconds. */
  wait: number
}

/**
 * Sends uninstall callbacks. Each is claimed in the database first, so that no other sender has it. A place that becomes free
 * is filled at once; an app that fails gets one place, and longer and longer pauses where it does not answer at all, so that it holds
 * up no others.
 */
export class CallbackSender {
  readonly #runtime: Runtime
  readonly #apps = new Map<string, AppState>()
  readonly #calls = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  #isStopped = false
  #looking: Promise<number> | undefined
  #underWay = 0
  /** The app that was looked at last, where there are more. */
  #after = ''
  /** Some app could have had more places. */
  #isShort = false
  #recalledAt = Number.NEGATIVE_INFINITY

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Begins to send what is due, as far as there are places. @returns how many calls were begun */
  look(): Promise<number> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  /** Resolves once no call is under way. */
  async settle(): Promise<void> {
    while (this.#calls.size > 0) await Promise.allSettled(this.#calls)
  }

  /** Lets calls end for a while, then breaks them off: they are given back, and another sender or the next start sends them. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#looking?.catch(() => {})
    const timer = setTimeout(() => this.#stopping.abort(new Error('the server stops')), STOP_GRACE)
    await this.settle()
    clearTimeout(timer)
  }

  async #look(): Promise<number> {
    if (this.#isStopped) return 0
    await this.#recall()
    this.#isShort = false
    const apps = await listAppsWithCallbacks(this.#runtime.store, this.#after, APPS_AT_ONCE)
    this.#after = apps.length === APPS_AT_ONCE ? apps.at(-1)! : ''
    const begun = await Promise.all(apps.map(clientId => this.#fill(clientId)))
    return begun.reduce((sum, each) => sum + each, 0)
  }

  /** Fills an app's free places with what is due for it. */
  async #fill(clientId: string): Promise<number> {
    const { store, clock } = this.#runtime
    const state = this.#stateOf(clientId)
    const places = this.#freePlacesFor(state, clock())
    if (places === 0) return 0
    // Held while it is being found out what there is.
    state.underWay += places
    this.#underWay += places
    let claimed: UninstallCallbackRow[] = []
    try {
      claimed = await claimDueCallbacks(store, clientId, places, { now: clock(), until: clock() + CLAIM })
    } finally {
      state.underWay -= places
      this.#underWay -= places
      this.#forgetIdle(clientId, state)
    }
    for (const callback of claimed) this.#begin(callback)
    return claimed.length
  }

  #freePlacesFor(state: AppState, now: number): number {
    // Before its own beginning, the clock was set back: nothing is known of how long ago that was.
    if (state.isPausing || (state.pausedFrom <= now && now < state.pausedUntil)) return 0
    const isProven = state.places > 1
    const free = (isProven ? PLACES : UNPROVEN_PLACES) - this.#underWay
    const places = Math.max(0, Math.min(state.places - state.underWay, free))
    if (places < state.places - state.underWay) this.#isShort = true
    return places
  }

  #stateOf(clientId: string): AppState {
    let state = this.#apps.get(clientId)
    if (!state) {
      state = { underWay: 0, places: 1, failures: 0, isPausing: false, pausedFrom: 0, pausedUntil: 0 }
      this.#apps.set(clientId, state)
    }
    return state
  }

  #forgetIdle(clientId: string, state: AppState) {
    if (state.underWay === 0 && state.failures === 0 && state.places === 1 && !state.isPausing)
      this.#apps.delete(clientId)
  }

  #begin(callback: UninstallCallbackRow) {
    const state = this.#stateOf(callback.client_id)
    state.underWay += 1
    this.#underWay += 1
    const call = this.#send(callback, state)
      .catch(error =>
        this.#runtime.log.warn({ err: error }, 'the outcome of an uninstall callback could not be stored'),
      )
      .finally(() => {
        state.underWay -= 1
        this.#underWay -= 1
        this.#calls.delete(call)
        if (!this.#isStopped) this.#goOn(callback.client_id)
      })
    this.#calls.add(call)
  }

  /** A place is free. */
  #goOn(clientId: string) {
    const next = this.#isShort ? this.look() : this.#fill(clientId)
    const filling = next.then(
      () => {},
      error => this.#runtime.log.warn({ err: error }, 'uninstall callbacks could not be looked for'),
    )
    this.#calls.add(filling)
    void filling.then(() => this.#calls.delete(filling))
  }

  async #send(callback: UninstallCallbackRow, state: AppState): Promise<void> {
    const { store, clock, log } = this.#runtime
    const outcome = await this.#deliver(callback)
    const now = clock()
    if (outcome === 'untried') return void (await store.write([releaseCallback(store, callback, now)]))
    if (outcome === 'done') {
      state.failures = 0
      state.places = Math.min(2 * state.places, PLACES_OF_ONE)
      return void (await store.write([deleteCallback(store, callback)]))
    }
    state.places = 1
    if (outcome.isAnswered && outcome.wait === 0) this.#pauseBriefly(callback.client_id, state)
    else this.#pause(state, now, outcome.wait)
    const failure = planNextAttempt(callback, now, outcome.error, outcome.wait)
    log.warn({ ...publicFacts(callback), ...failure }, 'uninstall callback failed')
    await store.write([recordFailedCallback(store, callback, failure)])
  }

  #pauseBriefly(clientId: string, state: AppState) {
    state.failures = 0
    state.isPausing = true
    const timer = setTimeout(() => {
      state.isPausing = false
      if (!this.#isStopped) this.#goOn(clientId)
    }, PAUSE_AFTER_FAILURE)
    timer.unref()
  }

  #pause(state: AppState, now: number, wait: number) {
    state.failures += 1
    state.pausedFrom = now
    const pause = Math.min(FIRST_PAUSE * 2 ** (state.failures - 1), MAX_APP_PAUSE)
    state.pausedUntil = now + Math.max(wait, pause)
  }

  async #deliver(callback: UninstallCallbackRow): Promise<'done' | 'untried' | Failure> {
    const { clock, log } = this.#runtime
    try {
      const answer = await callApp(this.#runtime, callback, this.#stopping.signal)
      if (answer === undefined || (answer.status >= 200 && answer.status <= 299)) return 'done'
      if (answer.status === 410) {
        log.info(publicFacts(callback), 'the app answered 410 to an uninstall callback: it is not sent again')
        return 'done'
      }
      return { error: `the app answered ${answer.status}`, isAnswered: true, wait: retryAfter(answer, clock()) }
    } catch (error) {
      // Broken off, or the database is away: no fault of the app's.
      if (this.#stopping.signal.aborted || error instanceof StoreUnavailable) return 'untried'
      const { name, message } = error as Error
      const reason = name === 'TimeoutError' ? `no answer within ${TIME_LIMIT / SECOND} seconds` : message
      return { error: reason, isAnswered: false, wait: 0 }
    }
  }

  /** Callbacks that were postponed while the clock was ahead. */
  async #recall() {
    const { store, clock } = this.#runtime
    const now = clock()
    if (Math.abs(now - this.#recalledAt) < RECALL_EVERY) return
    this.#recalledAt = now
    const statements = await recallCallbacks(store, now, now + FURTHEST_ATTEMPT)
    if (statements.length > 0) await store.write(statements)
  }
}
