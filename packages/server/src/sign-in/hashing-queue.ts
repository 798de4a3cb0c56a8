import { availableParallelism } from 'node:os'
import { TooBusy } from '../http/errors.ts'

/** Each takes a core for some 20 ms and 19 MiB: one core is left for answering. */
const AT_ONCE = Math.max(1, availableParallelism() - 1)
/** More would wait longer than a person who signs in does. */
const MAX_WAITING = 100

/** Work that is heavy and runs on other threads: a few at once, some that wait their turn, and no more. */
export class HashingQueue {
  readonly #atOnce: number
  readonly #mostWaiting: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(atOnce = AT_ONCE, mostWaiting = MAX_WAITING) {
    this.#atOnce = atOnce
    this.#mostWaiting = mostWaiting
  }

  /** How many are being done, and how many wait. */
  get length(): { running: number; waiting: number } {
    return { running: this.#running, waiting: this.#waiting.length }
  }

  /** @throws {TooBusy} when too many wait already */
  async run<Value>(work: () => Promise<Value>): Promise<Value> {
    await this.#turn()
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running -= 1
    }
  }

  #turn(): Promise<void> {
    if (this.#running < this.#atOnce) {
      this.#running += 1
      return Promise.resolve()
    }
    if (this.#waiting.length >= this.#mostWaiting) throw new TooBusy('too many passwords are being checked')
    return new Promise(resolve => this.#waiting.push(resolve))
  }
}
