import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { BearerChange, BearerChanges } from '../bearer-cache.ts'
import type { LookUp } from '../store.ts'
import type { SqliteBearerChanges } from './bearer-changes.ts'

/** The rows of a look-up's three queries, one after the other, as a join would give them. */
export type FindRow = (companyId: number, tokenHash: Uint8Array) => unknown[] | undefined

/** Looks up in what is committed now. */
export function prepareLookUp(database: DatabaseSync, { token, company, app }: LookUp): FindRow {
  const [findToken, findCompany, findApp] = [token, company, app].map(({ sql }) => prepareArrays(database, sql))
  return (companyId, tokenHash) => {
    const row = arrayOf(findToken!.get(companyId, tokenHash))
    const companyRow = row && arrayOf(findCompany!.get(companyId))
    const appRow = companyRow && arrayOf(findApp!.get(row[1] as string))
    return appRow && [...row, ...companyRow, ...appRow]
  }
}

/** The most companies that are kept. */
const MOST_COMPANIES = 20_000
/** Milliseconds for which a snapshot that nobody reads from is kept… */
const IDLE = 200
/** …and one that is read from, though there is a newer state: the log of writes cannot end before it. */
const OLDEST = 5000

/**
 * Looks up in a snapshot of the database file that is kept open over many look-ups, and over commits: a new one costs
 * two locks and all the pages that were read. What was changed since it was taken is known from the log, so that
 * whatever that may concern is looked up in a new snapshot, and so is what was not found. Companies and apps, which many
 * tokens have in common, are remembered until the log names them.
 */
export class SnapshotLookUps implements BearerChanges {
  readonly #changes: SqliteBearerChanges
  readonly #database: DatabaseSync
  readonly #begin: StatementSync
  readonly #firstRead: StatementSync
  readonly #end: StatementSync
  readonly #companies = new Map<number, unknown[]>()
  readonly #apps = new Map<string, unknown[]>()
  /** What the log has named since the snapshot was taken. */
  readonly #stale = new Set<string>()
  /** How many commits had been seen when the snapshot was taken; nothing while none is held. */
  #takenAt: number | undefined
  #wasUsed = false
  #age = 0
  #timer: NodeJS.Timeout | undefined

  /** @param database a connection that nobody else uses */
  constructor(database: DatabaseSync, changes: SqliteBearerChanges) {
    this.#changes = changes
    this.#database = database
    this.#begin = database.prepare('BEGIN')
    this.#firstRead = database.prepare('SELECT 1 FROM bearer_changes LIMIT 1')
    this.#end = database.prepare('COMMIT')
  }

  poll(): readonly BearerChange[] | 'lost' {
    const changed = this.#changes.poll()
    if (changed === 'lost') {
      this.#release()
      this.#companies.clear()
      this.#apps.clear()
    } else if (changed.length > 0) for (const change of changed) this.#note(change)
    return changed
  }

  /** What it finds is of the last {@link poll}, or newer. */
  prepare({ token, company, app }: LookUp): FindRow {
    const findToken = prepareArrays(this.#database, token.sql)
    const findCompany = prepareArrays(this.#database, company.sql)
    const findApp = prepareArrays(this.#database, app.sql)
    const read: FindRow = (companyId, tokenHash) => {
      const row = arrayOf(findToken.get(companyId, tokenHash))
      if (!row) return undefined
      let companyRow = this.#companies.get(companyId)
      if (!companyRow) {
        companyRow = arrayOf(findCompany.get(companyId))
        if (!companyRow) return undefined
        if (this.#companies.size >= MOST_COMPANIES) this.#companies.clear()
        this.#companies.set(companyId, companyRow)
      }
      const clientId = row[1] as string
      let appRow = this.#apps.get(clientId)
      if (!appRow) {
        appRow = arrayOf(findApp.get(clientId))
        if (!appRow) return undefined
        this.#apps.set(clientId, appRow)
      }
      return [...row, ...companyRow, ...appRow]
    }
    return (companyId, tokenHash) => {
      if (!this.#hold()) return read(companyId, tokenHash)
      const row = read(companyId, tokenHash)
      if (this.#takenAt === this.#changes.commits) return row
      if (row && !this.#isStale(companyId, tokenHash, row[0] as number)) return row
      this.#release()
      this.#take()
      return read(companyId, tokenHash)
    }
  }

  close() {
    this.#release()
    if (this.#database.isOpen) this.#database.close()
  }

  #note({ company_id, user_id, token_hash, client_id }: BearerChange) {
    if (token_hash !== null) this.#noteStale(tokenKey(token_hash))
    else if (user_id !== null) this.#noteStale(memberKey(company_id!, user_id))
    else {
      this.#release()
      if (company_id !== null) this.#companies.delete(company_id)
      if (client_id !== null) this.#apps.delete(client_id)
    }
  }

  /** Only for a snapshot that is held: what is read anew needs no note, and notes that nobody clears would pile up. */
  #noteStale(key: string) {
    if (this.#takenAt !== undefined) this.#stale.add(key)
  }

  #isStale(companyId: number, tokenHash: Uint8Array, userId: number): boolean {
    const stale = this.#stale
    return stale.size > 0 && (stale.has(tokenKey(tokenHash)) || stale.has(memberKey(companyId, userId)))
  }

  /** Whether a snapshot is held now: none while the log of writes waits for its readers to go, so that it can end. */
  #hold(): boolean {
    if (this.#changes.isLogLong) {
      this.#release()
      return false
    }
    this.#wasUsed = true
    if (this.#takenAt === undefined) this.#take()
    return true
  }

  #take() {
    // One whose first read failed is none.
    if (this.#database.isTransaction) this.#end.run()
    this.#begin.run()
    this.#firstRead.get()
    this.#takenAt = this.#changes.commits
    this.#age = 0
    this.#timer ??= setInterval(() => this.#grow(), IDLE).unref()
  }

  #grow() {
    this.#age += IDLE
    const isNewest = this.#takenAt === this.#changes.commits
    if (!this.#wasUsed || (this.#age >= OLDEST && !isNewest)) this.#release()
    this.#wasUsed = false
  }

  #release() {
    if (this.#takenAt === undefined) return
    this.#takenAt = undefined
    this.#stale.clear()
    clearInterval(this.#timer)
    this.#timer = undefined
    // A disk that failed has ended it already.
    if (this.#database.isTransaction) this.#end.run()
  }
}

function prepareArrays(database: DatabaseSync, sql: string): StatementSync {
  const prepared = database.prepare(sql)
  prepared.setReturnArrays(true)
  return prepared
}

function arrayOf(row: unknown): unknown[] | undefined {
  return row as unknown[] | undefined
}

function tokenKey(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('latin1')
}

function memberKey(companyId: number, userId: number): string {
  return `${companyId} ${userId}`
}
