import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { BearerChange } from '../bearer-change.ts'
import { BearerRecord, clientIdOf, type Row } from '../bearer-record.ts'
import type { ChangeLog } from './change-log.ts'

/** The queries of a look-up, as SQL. */
export interface BearerQueries {
  token: string
  company: string
  app: string
}

export type FindBearerRow = (companyId: number, tokenHash: Uint8Array) => BearerRecord | undefined

/** Looks up in the newest state of the database. */
export function prepareFindBearerRow(database: DatabaseSync, queries: BearerQueries): FindBearerRow {
  const findToken = prepareRow(database, queries.token)
  const findCompany = prepareRow(database, queries.company)
  const findApp = prepareRow(database, queries.app)
  return (companyId, tokenHash) => {
    const tokenRow = rowOf(findToken.get(companyId, tokenHash))
    const companyRow = tokenRow && rowOf(findCompany.get(companyId))
    const appRow = companyRow && rowOf(findApp.get(clientIdOf(tokenRow)))
    return appRow && new BearerRecord(companyId, tokenRow, companyRow, appRow)
  }
}

/** The most companies whose row is cached. */
const MAX_COMPANIES = 20_000
/** Milliseconds for which a snapshot is held without being read… */
const MAX_IDLE = 200
/** …and while there is a newer state: the WAL cannot be reset before the snapshot ends. */
const MAX_AGE = 5000

/**
 * Looks up in a read transaction that is held open over many look-ups and over commits: beginning one costs two locks
 * and drops every cached page. What the change log has named since then is looked up in a new snapshot, and so is what
 * was not found. Rows of companies and apps, which many tokens share, are cached until the log names them.
 */
export class SnapshotRows {
  readonly #changes: ChangeLog
  readonly #database: DatabaseSync
  readonly #begin: StatementSync
  readonly #firstRead: StatementSync
  readonly #end: StatementSync
  readonly #findToken: StatementSync
  readonly #findCompany: StatementSync
  readonly #findApp: StatementSync
  readonly #companies = new Map<number, Row>()
  readonly #apps = new Map<string, Row>()
  /** What the change log has named since the snapshot was taken. */
  readonly #stale = new Set<string>()
  /** How many commits had been seen when the snapshot was taken; undefined while none is held. */
  #takenAt: number | undefined
  #wasUsed = false
  #age = 0
  #timer: NodeJS.Timeout | undefined

  /** @param database a connection that nothing else uses */
  constructor(database: DatabaseSync, changes: ChangeLog, queries: BearerQueries) {
    this.#changes = changes
    this.#database = database
    this.#begin = database.prepare('BEGIN')
    this.#firstRead = database.prepare('SELECT 1 FROM bearer_changes LIMIT 1')
    this.#end = database.prepare('COMMIT')
    this.#findToken = prepareRow(database, queries.token)
    this.#findCompany = prepareRow(database, queries.company)
    this.#findApp = prepareRow(database, queries.app)
  }

  /** What it finds is from the state of the last poll of the change log, or newer. */
  find(companyId: number, tokenHash: Uint8Array): BearerRecord | undefined {
    if (!this.#hold()) return this.#read(companyId, tokenHash)
    const record = this.#read(companyId, tokenHash)
    if (this.#takenAt === this.#changes.commits) return record
    if (record && !this.#isStale(tokenHash, record)) return record
    this.#release()
    this.#take()
    return this.#read(companyId, tokenHash)
  }

  forget({ company_id, user_id, token_hash, client_id }: BearerChange) {
    if (token_hash !== null) this.#markStale(tokenKey(token_hash))
    else if (user_id !== null) this.#markStale(memberKey(company_id!, user_id))
    else {
      this.#release()
      if (company_id !== null) this.#companies.delete(company_id)
      if (client_id !== null) this.#apps.delete(client_id)
    }
  }

  clear() {
    this.#release()
    this.#companies.clear()
    this.#apps.clear()
  }

  close() {
    this.#release()
    if (this.#database.isOpen) this.#database.close()
  }

  #read(companyId: number, tokenHash: Uint8Array): BearerRecord | undefined {
    const tokenRow = rowOf(this.#findToken.get(companyId, tokenHash))
    const companyRow = tokenRow && this.#readCompany(companyId)
    const appRow = companyRow && this.#readApp(clientIdOf(tokenRow))
    return appRow && new BearerRecord(companyId, tokenRow, companyRow, appRow)
  }

  #readCompany(companyId: number): Row | undefined {
    const cached = this.#companies.get(companyId)
    if (cached) return cached
    const row = rowOf(this.#findCompany.get(companyId))
    if (row) {
      if (this.#companies.size >= MAX_COMPANIES) this.#companies.clear()
      this.#companies.set(companyId, row)
    }
    return row
  }

  #readApp(clientId: string): Row | undefined {
    const cached = this.#apps.get(clientId)
    if (cached) return cached
    const row = rowOf(this.#findApp.get(clientId))
    if (row) this.#apps.set(clientId, row)
    return row
  }

  /** Only while a snapshot is held: without one everything is read in the newest state, and marks would pile up. */
  #markStale(key: string) {
    if (this.#takenAt !== undefined) this.#stale.add(key)
  }

  #isStale(tokenHash: Uint8Array, { companyId, userId }: BearerRecord): boolean {
    const stale = this.#stale
    return stale.size > 0 && (stale.has(tokenKey(tokenHash)) || stale.has(memberKey(companyId, userId)))
  }

  /** Whether a snapshot is held now: none while the WAL waits for its readers to end. */
  #hold(): boolean {
    if (this.#changes.isWalLong) {
      this.#release()
      return false
    }
    this.#wasUsed = true
    if (this.#takenAt === undefined) this.#take()
    return true
  }

  #take() {
    // A transaction whose first read failed holds no snapshot.
    if (this.#database.isTransaction) this.#end.run()
    this.#begin.run()
    this.#firstRead.get()
    this.#takenAt = this.#changes.commits
    this.#age = 0
    this.#timer ??= setInterval(() => this.#expire(), MAX_IDLE).unref()
  }

  #expire() {
    this.#age += MAX_IDLE
    const isNewest = this.#takenAt === this.#changes.commits
    if (!this.#wasUsed || (this.#age >= MAX_AGE && !isNewest)) this.#release()
    this.#wasUsed = false
  }

  #release() {
    if (this.#takenAt === undefined) return
    this.#takenAt = undefined
    this.#stale.clear()
    clearInterval(this.#timer)
    this.#timer = undefined
    // A disk error has ended the transaction already.
    if (this.#database.isTransaction) this.#end.run()
  }
}

/** Rows as arrays: objects would be created and thrown away. */
function prepareRow(database: DatabaseSync, sql: string): StatementSync {
  const prepared = database.prepare(sql)
  prepared.setReturnArrays(true)
  return prepared
}

function rowOf(found: unknown): Row | undefined {
  return found as Row | undefined
}

function tokenKey(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('latin1')
}

function memberKey(companyId: number, userId: number): string {
  return `${companyId} ${userId}`
}
