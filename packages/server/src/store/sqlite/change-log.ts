import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { BearerChange } from '../bearer-change.ts'
import { CHECKPOINT_PAGES } from './connection.ts'
import { type CommitSignal, openCommitSignal } from './wal-index.ts'

type LoggedChange = BearerChange & { seq: number }

const NO_CHANGES: readonly BearerChange[] = []
const COLUMNS = 'seq, company_id, user_id, token_hash, client_id'

/**
 * Reads `bearer_changes`, which triggers fill in the transaction of the change itself. Only for a connection that does
 * not write: a {@link CommitSignal} tells whether there is anything to read.
 */
export class ChangeLog {
  readonly #signal: CommitSignal
  readonly #dataVersion: StatementSync
  readonly #schemaVersion: StatementSync
  readonly #after: StatementSync
  #seenDataVersion: unknown
  #seenSchemaVersion: unknown
  /** The newest change that was read; undefined while the log was empty. */
  #last: LoggedChange | undefined
  #commits = 0
  /** Something was committed and has not been read yet. */
  #isBehind = false

  /** @param useWalIndex whether commits may be noticed by the WAL index, where the platform allows it */
  constructor(database: DatabaseSync, path: string, useWalIndex = true) {
    this.#dataVersion = database.prepare('PRAGMA data_version')
    this.#dataVersion.setReturnArrays(true)
    this.#schemaVersion = database.prepare('PRAGMA schema_version')
    this.#schemaVersion.setReturnArrays(true)
    // The last change that was read comes first, if it is still there.
    this.#after = database.prepare(`SELECT ${COLUMNS} FROM bearer_changes WHERE seq >= ? ORDER BY seq`)
    // The first read creates the WAL index.
    database.prepare('SELECT 1 FROM bearer_changes').get()
    this.#signal = openCommitSignal(database, path, useWalIndex)
    this.#seenDataVersion = readPragma(this.#dataVersion)
    this.#seenSchemaVersion = readPragma(this.#schemaVersion)
    const newest = database.prepare(`SELECT ${COLUMNS} FROM bearer_changes ORDER BY seq DESC LIMIT 1`)
    this.#last = newest.get() as unknown as LoggedChange | undefined
  }

  /** Grows whenever something was committed before a poll. */
  get commits(): number {
    return this.#commits
  }

  /** Whether the WAL waits for readers to end, so that it can be reset; true where that is unknown. */
  get isWalLong(): boolean {
    return this.#signal.isWalLong(CHECKPOINT_PAGES)
  }

  /** Everything committed since the last call, by any process; `lost` when the log does not reach back that far. */
  poll(): readonly BearerChange[] | 'lost' {
    // Each version is read before what it describes: a commit in between is reported twice, and never missed.
    const hasMoved = this.#signal.hasMoved()
    if (!hasMoved && !this.#isBehind) return NO_CHANGES
    this.#isBehind = true
    this.#commits += 1
    const changed = this.#read()
    this.#isBehind = false
    return changed
  }

  #read(): readonly BearerChange[] | 'lost' {
    const dataVersion = readPragma(this.#dataVersion)
    if (dataVersion === this.#seenDataVersion) return NO_CHANGES
    const schemaVersion = readPragma(this.#schemaVersion)
    const last = this.#last
    const rows = this.#after.all(last?.seq ?? 0) as unknown as LoggedChange[]
    this.#seenDataVersion = dataVersion
    this.#last = rows.at(-1)
    // SQLite raises the schema version when a database is restored over this one, as it does when tables change.
    const isSameDatabase = schemaVersion === this.#seenSchemaVersion
    this.#seenSchemaVersion = schemaVersion
    if (!isSameDatabase) return 'lost'
    if (last === undefined) return rows.length === 0 || rows[0]!.seq === 1 ? rows : 'lost'
    // A log that no longer has what was read before was cleaned, or belongs to another database.
    const [known, ...changes] = rows
    return known !== undefined && isSameChange(known, last) ? changes : 'lost'
  }
}

function isSameChange(one: LoggedChange, other: LoggedChange): boolean {
  return (
    one.seq === other.seq &&
    one.company_id === other.company_id &&
    one.user_id === other.user_id &&
    one.client_id === other.client_id &&
    Buffer.from(one.token_hash ?? []).equals(Buffer.from(other.token_hash ?? []))
  )
}

function readPragma(pragma: StatementSync): unknown {
  return (pragma.get() as unknown as unknown[])[0]
}
