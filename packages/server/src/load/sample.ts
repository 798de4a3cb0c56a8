import { randomInt } from 'node:crypto'

/** Draws a uniform sample from a stream of unknown length (algorithm R). */
export class Sample {
  readonly chosen: string[] = []
  readonly #size: number
  #offered = 0

  constructor(size: number) {
    this.#size = size
  }

  offer(text: string) {
    this.#offered += 1
    if (this.chosen.length < this.#size) {
      this.chosen.push(text)
      return
    }
    const at = Math.floor(Math.random() * this.#offered)
    if (at < this.#size) this.chosen[at] = text
  }

  /** In an order that says nothing. */
  shuffled(): string[] {
    const texts = [...this.chosen]
    for (let at = texts.length - 1; at > 0; at--) {
      const other = randomInt(at + 1)
      ;[texts[at], texts[other]] = [texts[other]!, texts[at]!]
    }
    return texts
  }
}
