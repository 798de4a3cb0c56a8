/** How many begin in one turn of the event loop: about as long as the brief answers of a turn take together. */
const MOST_A_TURN = 4

/**
 * Lets a few of the requests that take long begin in each turn of the event loop, and the rest wait in order: between two
 * turns everybody else is answered. Otherwise whoever sends many of them, such as wrong secrets as fast as they can,
 * would take a processor for as much longer than others as theirs take longer.
 */
export class Turns {
  readonly #waiting: (() => void)[] = []
  #begun = 0
  #isArmed = false

  /** Begins it now, or in one of the next turns. */
  take(begin: () => void) {
    if (this.#begun < MOST_A_TURN && this.#waiting.length === 0) {
      this.#begun += 1
      this.#arm()
      begin()
    } else {
      this.#waiting.push(begin)
    }
  }

  #arm() {
    if (this.#isArmed) return
    this.#isArmed = true
    setImmediate(() => this.#next())
  }

  #next() {
    this.#isArmed = false
    const due = this.#waiting.splice(0, MOST_A_TURN)
    this.#begun = due.length
    if (due.length > 0) this.#arm()
    // A tick for each: one that fails takes none with it.
    for (const begin of due) process.nextTick(begin)
  }
}
