import type { CompiledQuery, Kysely } from 'kysely'
import type { BearerRecord } from './bearer-record.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { RememberedRows } from './remembered-rows.ts'
import type { Schema } from './schema.ts'

/**
 * One database, whatever engine. Reads go through `db` and see every commit that was answered before. Writes are
 * batches of statements that were decided beforehand: no transaction is ever held open while the program thinks.
 */
export interface Store {
  readonly engine: 'sqlite' | 'postgres'
  /** Whether the tables lie on several machines. Known once it is ready. */
  readonly isDistributed: boolean
  /** Resolves once it can be used. @throws {StoreOpenError} */
  readonly ready: Promise<void>
  /** For reading. Writes go through {@link Store.write}. */
  readonly db: Kysely<Schema>
  /** Runs a query that was built before: at once on SQLite, where the layers of {@link Store.db} cost as much as a query. */
  read<Row>(query: CompiledQuery<Row>): MaybePromise<Row[]>
  /** Where the engine tells what has changed without being asked over a network. */
  readonly remembered?: RememberedRows | undefined
  /** Resolves when the database file was moved away or replaced: everything is refused from then on. */
  readonly replaced?: Promise<Error> | undefined
  /**
   * Finds what an access token speaks for, as of every commit that was answered before. At once on SQLite.
   * @param tokenHash the token's SHA-256 as a text of one character per byte
   * @param companyId from the token's text: it says where to look, and is trusted only together with the hash
   * @param beganBeforeTurn whether the request's first byte had arrived when this turn of the event loop asked for what
   * has arrived: the states that such requests of one turn see may be the same. Only within the poll phase
   */
  findBearer(tokenHash: string, companyId: number, beganBeforeTurn?: boolean): MaybePromise<BearerRecord | undefined>
  /**
   * Commits all statements or none, and resolves when the commit is on disk.
   * @throws {WriteConflict} when a statement did not touch what it expected to: read again and decide again
   * @throws {ConstraintViolation} when a key is taken or what a row belongs to is gone
   * @throws {StoreUnavailable} when the database cannot be written now
   */
  write(statements: readonly Statement[], options?: WriteOptions): Promise<WriteResult[]>
  /**
   * Whether the database answers now and can be written to, found out within two seconds.
   * @throws {NotReady} with a reason that an operator can fix
   * @throws {StoreUnavailable}
   */
  ping(): Promise<void>
  /** What an operator watches. */
  stats(): Promise<StoreStats>
  close(): Promise<void>
}

/** What a write need not wait for. */
export interface WriteOptions {
  /**
   * The statements change nothing where one does not hold, and the caller decides again where the outcome is unknown
   * ({@link OutcomeUnknown}): the commit goes out with them, and the database is not waited for in between.
   */
  commitsAtOnce?: boolean
}

/** Sizes and loads of a database, as far as its engine has them. */
export interface StoreStats {
  databaseBytes: number
  /** What was committed and is not in the database file yet (SQLite). */
  walBytes?: number
  /** Connections of this process (PostgreSQL). */
  connections?: { busy: number; idle: number; waiting: number }
  /** Look-ups of access tokens since the start that the cache answered, and others. */
  bearerLookups?: { hit: number; miss: number }
}

/** A compiled query with the number of rows it must touch or return, if the decision depended on that. */
export interface Statement {
  sql: string
  parameters: readonly unknown[]
  expect?: number | undefined
}

export interface WriteResult {
  rows: Record<string, unknown>[]
  /** Rows inserted, changed or deleted by this statement, cascades not counted. */
  changes: number
}

/** Another write came first. */
export class WriteConflict extends Error {
  override name = 'WriteConflict'
}

/** A unique key is taken, or what the row belongs to does not exist. */
export class ConstraintViolation extends Error {
  override name = 'ConstraintViolation'
  readonly kind: 'unique' | 'foreign_key' | 'other'
  constructor(kind: 'unique' | 'foreign_key' | 'other', message: string) {
    super(message)
    this.kind = kind
  }
}

/** The database cannot be reached or written: locked, full, or its disk fails. Nothing was changed. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable'
}

/** What keeps a database that may well be there from being used. */
export type NotReadyReason = 'standby' | 'read_only' | 'missing_rights' | 'locked' | 'unreachable'

/** The database cannot be used for a reason that an operator can fix; the message describes it. */
export class NotReady extends StoreUnavailable {
  override name = 'NotReady'
  readonly reason: NotReadyReason
  constructor(reason: NotReadyReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/**
 * The connection was lost during a commit, and the outcome is unknown. Doing it again is
 * safe where the decision is made again; callers must not say that nothing was changed.
 */
export class OutcomeUnknown extends StoreUnavailable {
  override name = 'OutcomeUnknown'
}

/** Other writes came first until it was given up. Nothing was changed. */
export class Contended extends StoreUnavailable {
  override name = 'Contended'
}

/** A database that cannot be opened, with a sentence for the person who named it. */
export class StoreOpenError extends Error {
  override name = 'StoreOpenError'
}

interface Compilable {
  compile(): CompiledQuery
}

/** A write that may touch any number of rows. */
export function statement(query: Compilable): Statement {
  const { sql, parameters } = query.compile()
  return { sql, parameters }
}

/** A write whose decision holds only if it touches (or returns) exactly `count` rows. */
export function expecting(count: number, query: Compilable): Statement {
  return { ...statement(query), expect: count }
}

/**
 * Reads where requests do not wait for it: on the thread that writes, where the engine is in this process. For what may take
 * long and that no request waits for.
 */
export async function readInBackground<Row>(store: Store, query: CompiledQuery): Promise<Row[]> {
  if (store.engine !== 'sqlite') return (await store.db.executeQuery<Row>(query as CompiledQuery<Row>)).rows
  return returned<Row>(await store.write([{ sql: query.sql, parameters: query.parameters }]))
}

/** The rows that the last statement of a write returned. */
export function returned<Row>(results: WriteResult[]): Row[] {
  return (results.at(-1)?.rows ?? []) as Row[]
}

/**
 * Writes what must not be decided again when its conditions do not hold any more.
 * @returns whether it was committed
 */
export async function writeUnlessConflict(store: Store, statements: readonly Statement[]): Promise<boolean> {
  try {
    await store.write(statements)
    return true
  } catch (error) {
    if (error instanceof WriteConflict) return false
    throw error
  }
}

/** More rounds than any crowd that the tests could make has needed; only a fault can reach it. */
const MAX_ROUNDS = 24

/**
 * Decides again when another write came first, with growing pauses so that contention decreases.
 * @throws {Contended} when others always came first
 * @throws {OutcomeUnknown} when it was given up, and the outcome of one round is unknown
 */
export async function retryOnConflict<Value>(decide: () => Promise<Value>): Promise<Value> {
  let unknown: OutcomeUnknown | undefined
  for (let round = 1; ; round++) {
    try {
      return await decide()
    } catch (error) {
      if (!(error instanceof WriteConflict)) throw error
      if (error.cause instanceof OutcomeUnknown) unknown = error.cause
      if (round === MAX_ROUNDS)
        throw unknown ?? new Contended(`Other writes came first ${round} times.`, { cause: error })
      if (round > 2) await new Promise(resolve => setTimeout(resolve, Math.random() * Math.min(4 * round, 60)))
    }
  }
}
