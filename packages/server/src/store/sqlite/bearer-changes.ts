import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { BearerChange, BearerChanges } from '../bearer-cache.ts'

const NONE: readonly BearerChange[] = []

/**
 * What changed, told apart from what did not by `PRAGMA data_version`, which moves whenever another connection has
 * committed; then by the log that was written with it. Only for a connection that does not write itself.
 */
export class SqliteBearerChanges implements BearerChanges {
  readonly #version: StatementSync
  readonly #after: StatementSync
  #seenVersion: unknown
  #seq: number

  constructor(database: DatabaseSync) {
    this.#version = database.prepare('PRAGMA data_version')
    this.#version.setReturnArrays(true)
    this.#after = database.prepare(
      'SELECT seq, company_id, user_id, token_hash, client_id FROM bearer_changes WHERE seq > ? ORDER BY seq',
    )
    this.#seenVersion = this.#readVersion()
    const last = database.prepare('SELECT max(seq) AS seq FROM bearer_changes').get()
    this.#seq = Number(last?.seq ?? 0)
  }

  poll(): readonly BearerChange[] | 'lost' {
    // Read before the log: a commit between the two is in the log already, and moves the version next time.
    const version = this.#readVersion()
    if (version === this.#seenVersion) return NONE
    const rows = this.#after.all(this.#seq) as unknown as (BearerChange & { seq: number })[]
    this.#seenVersion = version
    const [first] = rows
    if (!first) return NONE
    const expected = this.#seq + 1
    this.#seq = rows.at(-1)!.seq
    return first.seq === expected ? rows : 'lost'
  }

  #readVersion(): unknown {
    return (this.#version.get() as unknown as unknown[])[0]
  }
}
