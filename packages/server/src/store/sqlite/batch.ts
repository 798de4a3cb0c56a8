import type { DatabaseSync } from 'node:sqlite'
import type { Statement, WriteResult } from '../store.ts'
import { PreparedStatements, type SqlValue } from './connection.ts'

/** What became of one write of a batch. It crosses a thread boundary, so errors are data. */
export type WriteOutcome =
  | { results: WriteResult[] }
  | { conflict: string }
  | { violation: 'unique' | 'foreign_key' | 'other'; message: string }
  | { failure: string; unavailable: boolean }

/** Result codes (https://sqlite.org/rescode.html): busy, locked, read-only, interrupted, I/O error, full, cannot open. */
const UNAVAILABLE = new Set([5, 6, 8, 9, 10, 13, 14])
const CONSTRAINT = 19
const CONSTRAINT_FOREIGN_KEY = 787
const CONSTRAINT_PRIMARY_KEY = 1555
const CONSTRAINT_UNIQUE = 2067

/** The error of a write to a database that was moved elsewhere. */
export const FROZEN = 'this database has moved and is read-only'

class Conflict extends Error {}

const FULL = 13

function codeOf(error: unknown): number {
  return Number((error as { errcode?: number }).errcode ?? 0) & 0xff
}

/**
 * Runs many writes in one transaction with one commit. Each write succeeds or fails alone (a savepoint around each);
 * what the returned outcomes call done is on disk.
 */
export class BatchWriter {
  readonly #database: DatabaseSync
  readonly #statements: PreparedStatements

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#statements = new PreparedStatements(database)
  }

  run(writes: readonly (readonly Statement[])[]): WriteOutcome[] {
    try {
      return this.#commit(writes)
    } catch (error) {
      this.#rollBack()
      const failure = codeOf(error) === FULL && this.#makeRoom() ? this.#tryAgain(writes) : error
      if (Array.isArray(failure)) return failure
      const outcome = describe(failure)
      return writes.map(() => outcome)
    }
  }

  #commit(writes: readonly (readonly Statement[])[]): WriteOutcome[] {
    this.#exec('BEGIN IMMEDIATE')
    const outcomes = writes.map(write => this.#runOne(write))
    this.#exec('COMMIT')
    return outcomes
  }

  #tryAgain(writes: readonly (readonly Statement[])[]): WriteOutcome[] | unknown {
    try {
      return this.#commit(writes)
    } catch (error) {
      this.#rollBack()
      return error
    }
  }

  /** On a full disk: checkpoints the WAL into the database file, which has those pages already, and truncates it. */
  #makeRoom(): boolean {
    try {
      const [result] = this.#statements.get('PRAGMA wal_checkpoint(TRUNCATE)').statement.all()
      return result?.busy === 0
    } catch {
      return false
    }
  }

  #runOne(write: readonly Statement[]): WriteOutcome {
    this.#exec('SAVEPOINT one_write')
    try {
      const results = write.map(statement => this.#runStatement(statement))
      this.#exec('RELEASE one_write')
      return { results }
    } catch (error) {
      // A full or failing disk ends the whole transaction: then there is no savepoint left, and the batch fails.
      if (!this.#database.isTransaction) throw error
      this.#exec('ROLLBACK TO one_write')
      this.#exec('RELEASE one_write')
      return describe(error)
    }
  }

  #runStatement({ sql, parameters, expect }: Statement): WriteResult {
    const { statement, returnsRows } = this.#statements.get(sql)
    const values = parameters as SqlValue[]
    const rows = returnsRows ? (statement.all(...values) as Record<string, unknown>[]) : []
    const changes = returnsRows ? rows.length : Number(statement.run(...values).changes)
    if (expect !== undefined && changes !== expect) throw new Conflict(`${changes} rows, not ${expect}: ${sql}`)
    return { rows, changes }
  }

  #exec(sql: string) {
    this.#statements.get(sql).statement.run()
  }

  #rollBack() {
    if (this.#database.isTransaction) this.#exec('ROLLBACK')
  }
}

function describe(error: unknown): WriteOutcome {
  if (error instanceof Conflict) return { conflict: error.message }
  const message = error instanceof Error ? error.message : String(error)
  const code = Number((error as { errcode?: number }).errcode ?? 0)
  if (message.includes(FROZEN)) return { failure: message, unavailable: true }
  if ((code & 0xff) === CONSTRAINT) return { violation: constraintKind(code), message }
  return { failure: message, unavailable: UNAVAILABLE.has(code & 0xff) }
}

function constraintKind(code: number): 'unique' | 'foreign_key' | 'other' {
  if (code === CONSTRAINT_UNIQUE || code === CONSTRAINT_PRIMARY_KEY) return 'unique'
  if (code === CONSTRAINT_FOREIGN_KEY) return 'foreign_key'
  return 'other'
}
