/** What requests that begin in one turn of the event loop cost together: about as long as one turn's hot requests take. */
const MAX_PER_TURN = 12

/** What a request costs: one that goes through the framework takes about three times as long as one that does not. */
export const COST = { full: 3, direct: 1 } as const

interface Waiting {
  begin(): void
  cost: number
}

/**
 * Lets a few slow requests begin in each turn of the event loop, and the rest wait in order, so that fast requests are
 * answered in between. Otherwise a client that sends many slow ones, such as wrong secrets, would get as much more of the
 * processor as its requests are slower.
 */
export class FairQueue {
  readonly #waiting: Waiting[] = []
  /** What was begun in this turn costs. */
  #begun = 0
  #isScheduled = false

  /** Begins it now, or in one of the next turns. */
  add(begin: () => void, cost: number = COST.full) {
    if (this.#begun + cost <= MAX_PER_TURN && this.#waiting.length === 0) {
      this.#begun += cost
      this.#schedule()
      begin()
    } else {
      this.#waiting.push({ begin, cost })
    }
  }

  #schedule() {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#beginNext())
  }

  #beginNext() {
    this.#isScheduled = false
    const next = this.#waiting.splice(0, this.#fitting())
    if (next.length > 0) this.#schedule()
    // A tick each: one that throws does not stop the others.
    for (const { begin } of next) process.nextTick(begin)
  }

  /** How many of those that wait begin in this turn. */
  #fitting(): number {
    this.#begun = 0
    const first = this.#waiting.findIndex(({ cost }) => {
      if (this.#begun + cost > MAX_PER_TURN) return true
      this.#begun += cost
      return false
    })
    return first < 0 ? this.#waiting.length : first
  }
}
