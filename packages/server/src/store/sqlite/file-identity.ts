import { statSync } from 'node:fs'
import { StoreUnavailable } from '../store.ts'

/**
 * Notices that a database file was moved away or replaced while it is open: its connections would keep answering from
 * the file that was there before, and write into it.
 */
export class FileIdentity {
  readonly #path: string
  readonly #device: number
  readonly #inode: number
  readonly #replaced = Promise.withResolvers<Error>()
  #isChecked = false

  /** @param path of a file that is open already */
  constructor(path: string) {
    this.#path = path
    const { dev, ino } = statSync(path)
    this.#device = dev
    this.#inode = ino
  }

  /** Resolves once the file was found to be replaced. */
  get replaced(): Promise<Error> {
    return this.#replaced.promise
  }

  /**
   * Looks once in each turn of the event loop: whatever was done before a request was sent is seen by its turn.
   * @throws {StoreUnavailable} when the file is gone or is another one
   */
  require() {
    if (this.#isChecked) return
    const now = statSync(this.#path, { throwIfNoEntry: false })
    if (now === undefined || now.ino !== this.#inode || now.dev !== this.#device) this.#refuse()
    this.#isChecked = true
    setImmediate(() => {
      this.#isChecked = false
    })
  }

  #refuse(): never {
    const error = new StoreUnavailable(
      `${this.#path} was moved or replaced while it was open. The previous file is not used any more; restart to use the new one.`,
    )
    this.#replaced.resolve(error)
    throw error
  }
}
