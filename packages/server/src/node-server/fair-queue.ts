/** How many requests begin in one turn of the event loop: about as long as one turn's hot requests take together. */
const MAX_PER_TURN = 4

/**
 * Lets a few slow requests begin in each turn of the event loop, and the rest wait in order, so that fast requests are
 * answered in between. Otherwise a client that sends many slow ones, such as wrong secrets, would get as much more of the
 * processor as its requests are slower.
 */
export class FairQueue {
  readonly #waiting: (() => void)[] = []
  #begun = 0
  #isScheduled = false

  /** Begins it now, or in one of the next turns. */
  add(begin: () => void) {
    if (this.#begun < MAX_PER_TURN && this.#waiting.length === 0) {
      this.#begun += 1
      this.#schedule()
      begin()
    } else {
      this.#waiting.push(begin)
    }
  }

  #schedule() {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#beginNext())
  }

  #beginNext() {
    this.#isScheduled = false
    const next = this.#waiting.splice(0, MAX_PER_TURN)
    this.#begun = next.length
    if (next.length > 0) this.#schedule()
    // A tick each: one that throws does not stop the others.
    for (const begin of next) process.nextTick(begin)
  }
}
