import { type CompiledQuery, Kysely, sql } from 'kysely'
import { inCommitSpan } from '../../tracing/database-span.ts'
import { inSpan } from '../../tracing/spans.ts'
import type { BearerRecord } from '../bearer-record.ts'
import type { Schema } from '../schema.ts'
import {
  OutcomeUnknown,
  type Statement,
  type Store,
  type StoreStats,
  StoreUnavailable,
  WriteConflict,
  type WriteOptions,
  type WriteResult,
} from '../store.ts'
import { requireAddress } from './address.ts'
import { BearerBatches } from './bearer-batches.ts'
import { CachedBearers } from './cached-bearers.ts'
import { findCommitOutcome, IDENTIFY_TRANSACTION, type TransactionIdentity } from './commit-outcome.ts'
import { CommittedChanges, logsChanges } from './committed-changes.ts'
import { mayPrepare, newUnlimitedClient } from './connection.ts'
import { postgresDialect } from './dialect.ts'
import { distributeTables, isDistributed, requireCoordinator } from './distribute.ts'
import { ConnectionLost, explainError } from './errors.ts'
import { explainOpenError } from './explain-open-error.ts'
import { migratePostgres, requireCurrentPostgres } from './migrate.ts'
import type { PostgresOptions } from './options.ts'
import { type Attempt, Pool } from './pool.ts'
import { requireUtf8, requireWritable } from './readiness.ts'
import { type Rows, Session } from './session.ts'

/**
 * Opens a PostgreSQL database, 15 or newer; `ready` says when it can be used.
 * @throws {StoreOpenError} when the address is none
 */
export function openPostgresStore(options: PostgresOptions): Store {
  requireAddress(options.url)
  return new PostgresStore(options)
}

/**
 * Makes the tables or brings them up to date.
 * @returns the names of the migrations applied now
 * @throws {StoreOpenError}
 */
export function migrateDatabase(url: string): Promise<string[]> {
  return withUnlimitedSession(url, migratePostgres)
}

/**
 * The same on a Citus cluster, and lays the tables out over its machines.
 * @returns the names of the migrations applied now, and the tables laid out now
 * @throws {StoreOpenError}
 */
export function distributeDatabase(url: string): Promise<{ applied: string[]; distributed: string[] }> {
  return withUnlimitedSession(url, async session => {
    await requireCoordinator(session)
    return { applied: await migratePostgres(session), distributed: await distributeTables(session) }
  })
}

async function withUnlimitedSession<Result>(url: string, work: (session: Session) => Promise<Result>): Promise<Result> {
  requireAddress(url)
  const client = newUnlimitedClient(url)
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(new Session(client, false))
  } catch (error) {
    throw explainOpenError(error, url)
  } finally {
    await client.end().catch(() => {})
  }
}

/** A write that is running. */
interface Transaction {
  identity?: TransactionIdentity
  results?: WriteResult[]
  attempt?: Attempt
}

class PostgresStore implements Store {
  readonly engine = 'postgres'
  readonly db: Kysely<Schema>
  readonly ready: Promise<void>
  readonly #pool: Pool
  readonly #batches: BearerBatches
  #cached: CachedBearers | undefined
  #isDistributed = false

  constructor(options: PostgresOptions) {
    this.#pool = new Pool(options)
    this.db = new Kysely<Schema>({ dialect: postgresDialect(this.#pool) })
    this.#batches = new BearerBatches(this.#pool, this.db, () => this.#isDistributed)
    this.ready = this.#open(options)
    // A caller that does not await it gets the same error from the first statement.
    this.ready.catch(() => {})
  }

  async #open(options: PostgresOptions) {
    try {
      if (options.migrate) await migrateDatabase(options.url)
      await this.#pool.read(requireUtf8)
      await this.#pool.read(requireCurrentPostgres)
      await this.#pool.read(requireWritable)
      this.#isDistributed = await this.#pool.read(isDistributed)
      if (await this.#canFollowChanges(options)) {
        this.#cached = new CachedBearers(new CommittedChanges(options), this.#batches)
      }
    } catch (error) {
      throw explainOpenError(error, options.url)
    }
  }

  /** Not through a pooler, which may connect to another server without our knowing. */
  async #canFollowChanges({ url }: PostgresOptions): Promise<boolean> {
    return !this.#isDistributed && mayPrepare(url) && this.#pool.read(logsChanges)
  }

  get isDistributed(): boolean {
    return this.#isDistributed
  }

  async read<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    return (await this.db.executeQuery(query)).rows
  }

  findBearer(tokenHash: string, companyId: number): Promise<BearerRecord | undefined> {
    return inSpan(
      () => 'find bearer',
      () => ({ 'db.system.name': 'postgresql' }),
      () => (this.#cached ?? this.#batches).find(tokenHash, companyId),
    )
  }

  write(statements: readonly Statement[], { commitsAtOnce = false }: WriteOptions = {}): Promise<WriteResult[]> {
    const isAtOnce = commitsAtOnce && !this.#isDistributed
    return inCommitSpan('postgresql', statements, () =>
      isAtOnce ? this.#writeAtOnce(statements) : this.#write(statements),
    )
  }

  /** The commit goes out with the statements, which have changed nothing where they do not hold. */
  async #writeAtOnce(statements: readonly Statement[]): Promise<WriteResult[]> {
    const transaction: Transaction = {}
    try {
      return await this.#pool.write(async (session, attempt) => {
        transaction.attempt = attempt
        attempt.committing = true
        const [begun, ...answers] = await Promise.allSettled([
          session.query('BEGIN'),
          ...statements.map(({ sql, parameters }) => session.query(sql, parameters)),
          session.query('COMMIT'),
        ])
        // The first that the server refused has ended the transaction: then nothing was committed.
        const failed = [begun, ...answers].find(({ status }) => status === 'rejected') as
          | PromiseRejectedResult
          | undefined
        if (failed) {
          attempt.committing = explainError(failed.reason) instanceof ConnectionLost
          throw failed.reason
        }
        return statements.map((statement, index) => toResult(answers[index]!, statement))
      })
    } catch (error) {
      if (!transaction.attempt?.committing || !(error instanceof StoreUnavailable)) throw error
      throw new OutcomeUnknown(error.message, { cause: error })
    }
  }

  async #write(statements: readonly Statement[]): Promise<WriteResult[]> {
    for (;;) {
      const transaction: Transaction = {}
      try {
        return await this.#writeOnce(statements, transaction)
      } catch (error) {
        if (!transaction.attempt?.committing || !(error instanceof StoreUnavailable)) throw error
        const outcome = error instanceof OutcomeUnknown ? 'unknown' : await this.#outcomeOf(transaction)
        if (outcome === 'committed') return transaction.results!
        if (outcome === 'unknown') throw new OutcomeUnknown(error.message, { cause: error })
      }
    }
  }

  #writeOnce(statements: readonly Statement[], transaction: Transaction): Promise<WriteResult[]> {
    return this.#pool.write(async (session, attempt) => {
      transaction.attempt = attempt
      // All go out at once. The first that went wrong decides, since those after it were decided on its success.
      const [begun, ...answers] = await Promise.allSettled([
        session.query('BEGIN'),
        ...statements.map(({ sql, parameters }) => session.query(sql, parameters)),
        session.query(IDENTIFY_TRANSACTION),
      ])
      try {
        if (begun.status === 'rejected') throw begun.reason
        const identity = answers.pop()!
        const results = answers.map((answer, index) => toResult(answer, statements[index]!))
        if (identity.status === 'rejected') throw identity.reason
        transaction.results = results
        transaction.identity = identity.value.rows[0] as unknown as TransactionIdentity
        attempt.committing = true
        await session.query('COMMIT')
        return results
      } catch (error) {
        if (!attempt.committing && !(explainError(error) instanceof ConnectionLost)) await session.query('ROLLBACK')
        throw error
      }
    })
  }

  /** Not on a cluster, where each machine commits its own part. */
  async #outcomeOf({ identity }: Transaction): Promise<'committed' | 'aborted' | 'unknown'> {
    return this.#isDistributed || !identity ? 'unknown' : findCommitOutcome(this.#pool, identity)
  }

  ping(): Promise<void> {
    return this.#pool.check(requireWritable)
  }

  async stats(): Promise<StoreStats> {
    const { rows } = await sql<{ bytes: number }>`SELECT pg_database_size(current_database())::float8 AS bytes`.execute(
      this.db,
    )
    const { connections } = this.#pool
    return { databaseBytes: rows[0]!.bytes, connections, ...(this.#cached && { bearerLookups: this.#cached.lookups }) }
  }

  async close() {
    await this.ready.catch(() => {})
    await this.#cached?.close()
    await this.#pool.close()
  }
}

function toResult(
  answer: PromiseSettledResult<Rows<Record<string, unknown>>>,
  { sql, expect }: Statement,
): WriteResult {
  if (answer.status === 'rejected') throw answer.reason
  const { rows, count } = answer.value
  if (expect !== undefined && count !== expect) throw new WriteConflict(`${count} rows, not ${expect}: ${sql}`)
  return { rows, changes: count }
}
