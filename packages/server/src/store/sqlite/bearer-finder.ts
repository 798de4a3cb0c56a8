import type { DatabaseSync } from 'node:sqlite'
import type { Kysely } from 'kysely'
import { type BearerRecord, bearerQueries } from '../bearer-record.ts'
import type { Schema } from '../schema.ts'
import { BearerCache } from './bearer-cache.ts'
import { type FindBearerRow, prepareFindBearerRow } from './bearer-snapshot.ts'
import type { BearerChange, ChangeLog } from './change-log.ts'

/** Finds what an access token speaks for. The hash is a text of one character per byte. */
export interface BearerFinder {
  find(tokenHash: string, companyId: number): BearerRecord | undefined
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
 * What is neither cached nor in the snapshot is looked up in the newest state. Unknown tokens are not cached.
 */
export class CachedBearers implements BearerFinder {
  readonly #changes: Pick<ChangeLog, 'poll'>
  readonly #rows: BearerRows
  readonly #cache = new BearerCache()
  #hits = 0
  #misses = 0
  readonly #requireSameFile: () => void

  /** @param requireSameFile throws once the database file was moved or replaced */
  constructor(changes: Pick<ChangeLog, 'poll'>, rows: BearerRows, requireSameFile: () => void) {
    this.#changes = changes
    this.#rows = rows
    this.#requireSameFile = requireSameFile
  }

  find(tokenHash: string, companyId: number): BearerRecord | undefined {
    this.#requireSameFile()
    this.#forgetChanged()
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

  #forgetChanged() {
    const changed = this.#changes.poll()
    if (changed === 'lost') {
      this.#cache.clear()
      this.#rows.clear()
      return
    }
    if (changed.length === 0) return
    for (const change of changed) {
      this.#cache.forget(change)
      this.#rows.forget(change)
    }
  }
}
