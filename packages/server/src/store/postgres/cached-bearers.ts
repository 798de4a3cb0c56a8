import { BearerCache } from '../bearer-cache.ts'
import type { BearerChange } from '../bearer-change.ts'
import type { BearerRecord } from '../bearer-record.ts'

/** What tells of changes: {@link CommittedChanges}. */
export interface Changes {
  poll(): Promise<readonly BearerChange[] | 'lost'>
  close(): Promise<void>
}

/** What looks up in the newest state: {@link BearerBatches}. */
export interface Rows {
  find(tokenHash: string, companyId: number): Promise<BearerRecord | undefined>
}

interface Waiting {
  companyId: number
  tokenHash: string
  resolve(record: MaybeLater): void
}

type MaybeLater = BearerRecord | undefined | Promise<BearerRecord | undefined>

/** Milliseconds between two attempts to hear of changes, while that fails. */
const RETRY = 500

/**
 * Remembers what look-ups found, and answers from it once a look at what was committed, sent after the request had arrived,
 * has named nothing that concerns it. One look answers for all requests that came before it was sent; while one is under
 * way, the next ones gather. What is not remembered is looked up at once.
 */
export class CachedBearers {
  readonly #changes: Changes
  readonly #rows: Rows
  readonly #cache = new BearerCache()
  readonly lookups = { hit: 0, miss: 0 }
  #waiting: Waiting[] = []
  #isPolling = false
  /** Whether changes have been followed since the last look, so that what is found may be remembered. */
  #isFollowing = false
  #retryAt = 0
  /** Grows whenever something was forgotten. */
  #epoch = 0

  constructor(changes: Changes, rows: Rows) {
    this.#changes = changes
    this.#rows = rows
  }

  find(tokenHash: string, companyId: number): Promise<BearerRecord | undefined> {
    if (!this.#cache.get(tokenHash)) return this.#lookUp(tokenHash, companyId)
    return new Promise(resolve => {
      this.#waiting.push({ companyId, tokenHash, resolve })
      this.#gather()
    })
  }

  close(): Promise<void> {
    return this.#changes.close()
  }

  /** Once all requests of this turn of the event loop have arrived. */
  #gather() {
    if (this.#waiting.length === 1 && !this.#isPolling) setImmediate(() => void this.#poll())
  }

  async #poll() {
    if (this.#isPolling) return
    this.#isPolling = true
    const waiting = this.#waiting
    this.#waiting = []
    try {
      const changed = await this.#changes.poll()
      if (changed === 'lost') this.#clear()
      else for (const change of changed) this.#forget(change)
      this.#isFollowing = true
    } catch {
      // The database is asked itself: it says better than this what is wrong.
      this.#clear()
      this.#isFollowing = false
      this.#retryAt = performance.now() + RETRY
    }
    this.#isPolling = false
    if (this.#waiting.length > 0) setImmediate(() => void this.#poll())
    for (const { companyId, tokenHash, resolve } of waiting) {
      const record = this.#cache.get(tokenHash)
      if (record) this.lookups.hit += 1
      resolve(record ?? this.#lookUp(tokenHash, companyId))
    }
  }

  /**
   * What it finds is remembered if nothing was forgotten meanwhile: the change may be newer than what was read. A change
   * that comes later is newer than the last look too, and the next one names it.
   */
  async #lookUp(tokenHash: string, companyId: number): Promise<BearerRecord | undefined> {
    this.lookups.miss += 1
    const epoch = this.#epoch
    const isFollowed = this.#isFollowing
    if (!isFollowed) this.#follow()
    const record = await this.#rows.find(tokenHash, companyId)
    if (record && isFollowed && epoch === this.#epoch) this.#cache.add(tokenHash, record)
    return record
  }

  /** Looks for the first time, or again after that has failed. */
  #follow() {
    if (this.#isPolling || performance.now() < this.#retryAt) return
    void this.#poll()
  }

  #forget(change: BearerChange) {
    this.#epoch += 1
    this.#cache.forget(change)
  }

  #clear() {
    this.#epoch += 1
    this.#cache.clear()
  }
}
