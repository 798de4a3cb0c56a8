/** What a piece of work touches: alone, or together with others that only need it to be there. */
export interface Subject {
  name: string
  isShared: boolean
}

interface Turn {
  /** The last piece of work that had it alone. */
  alone: Promise<unknown>
  /** All those since then that share it. */
  shared: Promise<unknown>
}

/**
 * Lets pieces of work run at once, but for those that touch the same subject: they run in the order in which they were
 * given. Those that share it run at once.
 */
export class LineOrder {
  readonly #turns = new Map<string, Turn>()

  /** Begins the work once it may, and gives what it gives. */
  run<Value>(subjects: readonly Subject[], work: () => Promise<Value>): Promise<Value> {
    const before = subjects.flatMap(({ name, isShared }) => {
      const turn = this.#turns.get(name)
      if (!turn) return []
      return isShared ? [turn.alone] : [turn.alone, turn.shared]
    })
    const done = before.length === 0 ? work() : Promise.allSettled(before).then(work)
    const settled = done.catch(() => {})
    for (const { name, isShared } of subjects) this.#follow(name, isShared, settled)
    return done
  }

  #follow(name: string, isShared: boolean, settled: Promise<unknown>) {
    const turn = this.#turns.get(name)
    const next: Turn = isShared
      ? { alone: turn?.alone ?? Promise.resolve(), shared: Promise.all([turn?.shared, settled]) }
      : { alone: settled, shared: Promise.resolve() }
    this.#turns.set(name, next)
    // Forgotten when nothing has come after it.
    Promise.all([next.alone, next.shared]).then(() => {
      if (this.#turns.get(name) === next) this.#turns.delete(name)
    })
  }
}
