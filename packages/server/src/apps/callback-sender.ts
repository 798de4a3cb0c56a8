import type { Runtime } from '../config/runtime.ts'
import {
  claimDueCallbacks,
  deleteCallback,
  listAppsWithCallbacks,
  type QueuedCallback,
  recallCallbacks,
  recordFailedCallback,
  releaseCallback,
} from '../store/queries/callback-queue.ts'
import { StoreUnavailable } from '../store/store.ts'
import { FURTHEST_ATTEMPT, planNextAttempt, publicFacts, retryAfter, TIME_LIMIT } from './callback-attempts.ts'
import type { CallbackAttempt, CallbackKind } from './callback-kind.ts'
import { CallbackPlaces } from './callback-places.ts'

const SECOND = 1000
/** Longer than a call can take, so that a sender that died is taken over and a living one is not. */
const CLAIM = TIME_LIMIT + 5 * SECOND
/** How long running calls may take once the server stops; then they are released. */
const STOP_GRACE = 3 * SECOND

/** How many apps are looked at together. */
const APPS_AT_ONCE = 256
/** Milliseconds between two calls of an app that answers, but not well. */
const PAUSE_AFTER_FAILURE = 20
const RECALL_EVERY = 60 * SECOND

/** The app has taken it, or wants none any more. */
interface Success {
  /** What it answered; undefined where it was not asked. */
  status: number | undefined
}

interface Failure {
  error: string
  /** What it answered; null where no answer came. */
  status: number | null
  /** How long the app asked to be left alone, in milliseconds. */
  wait: number
}

/**
 * Sends callbacks of one kind. Each is claimed in the database first, so that no other sender has it. A place that becomes free
 * is filled at once; an app that fails gets one place, and longer and longer pauses where it does not answer at all, so that it holds
 * up no others.
 */
export class CallbackSender<Callback extends QueuedCallback = QueuedCallback> {
  readonly #runtime: Runtime
  readonly #kind: CallbackKind<Callback>
  readonly #places = new CallbackPlaces()
  readonly #calls = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  #isStopped = false
  #looking: Promise<number> | undefined
  /** The app that was looked at last, where there are more. */
  #after = ''
  #recalledAt = Number.NEGATIVE_INFINITY

  constructor(runtime: Runtime, kind: CallbackKind<Callback>) {
    this.#runtime = runtime
    this.#kind = kind
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

  /** Lets calls end for a while, then aborts them: they are released, and another sender or the next start sends them. */
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
    this.#places.beginRound()
    const apps = await listAppsWithCallbacks(this.#runtime.store, this.#kind.queue, this.#after, APPS_AT_ONCE)
    this.#after = apps.length === APPS_AT_ONCE ? apps.at(-1)! : ''
    const begun = await Promise.all(apps.map(clientId => this.#fill(clientId)))
    return begun.reduce((sum, each) => sum + each, 0)
  }

  /** Fills an app's free places with what is due for it. */
  async #fill(clientId: string): Promise<number> {
    const { store, clock } = this.#runtime
    const places = this.#places.freeFor(clientId, clock())
    if (places === 0) return 0
    // Taken while it is not known yet how many callbacks are due.
    this.#places.take(clientId, places)
    let claimed: Callback[] = []
    try {
      claimed = await claimDueCallbacks(store, this.#kind.queue, clientId, places, {
        now: clock(),
        until: clock() + CLAIM,
      })
    } finally {
      this.#places.release(clientId, places)
    }
    for (const callback of claimed) this.#begin(callback)
    return claimed.length
  }

  #begin(callback: Callback) {
    this.#places.take(callback.client_id, 1)
    const call = this.#send(callback)
      .catch(error => this.#runtime.log.warn({ err: error }, `${this.#kind.name}: the outcome could not be stored`))
      .finally(() => {
        this.#places.release(callback.client_id, 1)
        this.#calls.delete(call)
        if (!this.#isStopped) this.#refill(callback.client_id)
      })
    this.#calls.add(call)
  }

  /** A place is free. */
  #refill(clientId: string) {
    const next = this.#places.isShort ? this.look() : this.#fill(clientId)
    const filling = next.then(
      () => {},
      error => this.#runtime.log.warn({ err: error }, `${this.#kind.name}: what is due could not be looked for`),
    )
    this.#calls.add(filling)
    void filling.then(() => this.#calls.delete(filling))
  }

  async #send(callback: Callback): Promise<void> {
    const { store, clock, log } = this.#runtime
    const { name, queue, keepsGivenUp } = this.#kind
    const outcome = await this.#deliver(callback)
    const now = clock()
    if (outcome === 'untried') return void (await store.write([releaseCallback(store, queue, callback, now)]))
    if (!('error' in outcome)) {
      this.#places.recordSuccess(callback.client_id)
      const { status } = outcome
      const attempt = status === undefined ? [] : await this.#recordAttempt(callback, { status, error: null })
      return void (await store.write([deleteCallback(store, queue, callback), ...attempt]))
    }
    if (outcome.status !== null && outcome.wait === 0) this.#pauseBriefly(callback.client_id)
    else this.#places.pause(callback.client_id, now, outcome.wait)
    const failure = planNextAttempt(callback, now, outcome.error, outcome.wait)
    log.warn({ ...publicFacts(callback), ...failure }, `${name} failed`)
    const isForgotten = failure.gaveUpAt !== null && !keepsGivenUp
    await store.write([
      isForgotten ? deleteCallback(store, queue, callback) : recordFailedCallback(store, queue, callback, failure),
      ...(await this.#recordAttempt(callback, { status: outcome.status, error: failure.error })),
    ])
  }

  async #recordAttempt(callback: Callback, { status, error }: Omit<CallbackAttempt, 'attemptedAt'>) {
    const attempt = { attemptedAt: this.#runtime.clock(), status, error }
    return (await this.#kind.recordAttempt?.(this.#runtime, callback, attempt)) ?? []
  }

  #pauseBriefly(clientId: string) {
    this.#places.pauseBriefly(clientId)
    const timer = setTimeout(() => {
      this.#places.resume(clientId)
      if (!this.#isStopped) this.#refill(clientId)
    }, PAUSE_AFTER_FAILURE)
    timer.unref()
  }

  async #deliver(callback: Callback): Promise<Success | 'untried' | Failure> {
    const { clock, log } = this.#runtime
    try {
      const answer = await this.#kind.call(this.#runtime, callback, this.#stopping.signal)
      if (answer === undefined) return { status: undefined }
      const { status } = answer
      if (status >= 200 && status <= 299) return { status }
      if (status === 410) {
        log.info(publicFacts(callback), `${this.#kind.name}: the app answered 410, so it is not sent again`)
        return { status }
      }
      return { error: `the app answered ${status}`, status, wait: retryAfter(answer, clock()) }
    } catch (error) {
      // Broken off, or the database is away: no fault of the app's.
      if (this.#stopping.signal.aborted || error instanceof StoreUnavailable) return 'untried'
      const { name, message } = error as Error
      const reason = name === 'TimeoutError' ? `no answer within ${TIME_LIMIT / SECOND} seconds` : message
      return { error: reason, status: null, wait: 0 }
    }
  }

  /** Callbacks that were postponed while the clock was ahead. */
  async #recall() {
    const { store, clock } = this.#runtime
    const now = clock()
    if (Math.abs(now - this.#recalledAt) < RECALL_EVERY) return
    this.#recalledAt = now
    const statements = await recallCallbacks(store, this.#kind.queue, now, now + FURTHEST_ATTEMPT)
    if (statements.length > 0) await store.write(statements)
  }
}
