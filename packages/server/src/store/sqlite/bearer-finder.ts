import type { DatabaseSync } from 'node:sqlite'
import type { Kysely } from 'kysely'
import { BearerCache } from '../bearer-cache.ts'
import type { BearerChange } from '../bearer-change.ts'
import { type BearerRecord, bearerQueries } from '../bearer-record.ts'
import { RememberedRows } from '../remembered-rows.ts'
import type { Schema } from '../schema.ts'
import { type FindBearerRow, prepareFindBearerRow } from './bearer-snapshot.ts'
import type { ChangeLog } from './change-log.ts'

/** Finds what an access token speaks for. The hash is a text of one character per byte. */
export interface BearerFinder {
  /** @param beganBeforeTurn as in `Store.findBearer` */
  find(tokenHash: string, companyId: number, beganBeforeTurn?: boolean): BearerRecord | undefined
  /** Since the start. */
  readonly lookups: { hit: number; miss: number }
  close(): void
}

/** Looks up each token in the database, for one that only this process can see. */
export class UncachedBearers implements BearerFinder {
  readonly #find: FindBearerRow
  readonly lookups = { hit: 0, miss: 0 }

  constructor(database: DatabaseSync, db: Kysely<Schema>) {
    this.#find = prepareFindBearerRow(database, bearerQueries(db))
  }

  find(tokenHash: string, companyId: number): BearerRecord | undefined {
    this.lookups.miss += 1
    return this.#find(companyId, Buffer.from(tokenHash, 'latin1'))
  }

  close() {}
}

/** Reads records that are not cached; `forget` says what was changed. */
export interface BearerRows {
  find(companyId: number, tokenHash: Uint8Array): BearerRecord | undefined
  forget(change: BearerChange): void
  /** For when it is not known what was changed. */
  clear(): void
  close(): void
}

/**
 * Finds tokens in a database file that other processes write to as well. Each call first reads what was committed since
 * the last one and forgets what it concerns, so a revocation is seen by the next request, whichever process made it.
 * Calls for requests that had begun to arrive before the turn of the event loop share one such read: whatever was
 * acknowledged before they were sent was committed before the turn asked what has arrived. What is neither cached nor in the snapshot is looked up in the newest state. Unknown tokens are not cached.
 */
export class CachedBearers implements BearerFinder {
  readonly #changes: Pick<ChangeLog, 'poll'>
  readonly #rows: BearerRows
  readonly #cache = new BearerCache()
  #hits = 0
  #misses = 0
  /** Whether the commits before this turn have been read in it. */
  #isFresh = false
  readonly #requireSameFile: () => void
  /** Of other rows than tokens: they are changed by the same commits. */
  readonly remembered = new RememberedRows(() => this.#refresh(false))

  /** @param requireSameFile throws once the database file was moved or replaced */
  constructor(changes: Pick<ChangeLog, 'poll'>, rows: BearerRows, requireSameFile: () => void) {
    this.#changes = changes
    this.#rows = rows
    this.#requireSameFile = requireSameFile
  }

  find(tokenHash: string, companyId: number, beganBeforeTurn = false): BearerRecord | undefined {
    if (!beganBeforeTurn || !this.#isFresh) this.#refresh(beganBeforeTurn)
    const cached = this.#cache.get(tokenHash)
    if (cached) {
      this.#hits += 1
      return cached
    }
    this.#misses += 1
    const record = this.#rows.find(companyId, Buffer.from(tokenHash, 'latin1'))
    if (record) this.#cache.add(tokenHash, record)
    return record
  }

  get lookups() {
    return { hit: this.#hits, miss: this.#misses }
  }

  close() {
    this.#rows.close()
  }

  #refresh(lastsForTurn: boolean) {
    this.#requireSameFile()
    this.#forgetChanged()
    // Only once that has succeeded. Immediates run when everything that had arrived was handled.
    if (!lastsForTurn) return
    this.#isFresh = true
    setImmediate(this.#endTurn)
  }

  readonly #endTurn = () => {
    this.#isFresh = false
  }

  #forgetChanged() {
    const changed = this.#changes.poll()
    if (changed === 'lost') {
      this.#cache.clear()
      this.#rows.clear()
      this.remembered.clear()
      return
    }
    if (changed.length === 0) return
    for (const change of changed) {
      this.#cache.forget(change)
      this.#rows.forget(change)
      this.remembered.forget(change)
    }
  }
}
