import { type CompiledQuery, Kysely } from 'kysely'
import type { Row, RowList } from 'postgres'
import type { Schema } from '../schema.ts'
import {
  type Statement,
  type Store,
  StoreOpenError,
  StoreUnavailable,
  WriteConflict,
  type WriteResult,
} from '../store.ts'
import { type Connections, openConnections, type PostgresOptions } from './connection.ts'
import { postgresDialect } from './dialect.ts'
import { explainError } from './errors.ts'
import { migratePostgres, requireCurrentPostgres } from './migrate.ts'

/**
 * Opens a PostgreSQL database, 15 or newer; `ready` says when it can be used.
 * @throws {StoreOpenError} when the address is none
 */
export function openPostgresStore(options: PostgresOptions): Store {
  if (!/^postgres(ql)?:\/\//.test(options.url) || !URL.canParse(options.url)) {
    throw new StoreOpenError('The database must be an address such as postgres://user:password@host/database.')
  }
  return new PostgresStore(options)
}

class PostgresStore implements Store {
  readonly engine = 'postgres'
  readonly db: Kysely<Schema>
  readonly bearerChanges = undefined
  readonly ready: Promise<void>
  readonly #connections: Connections

  constructor(options: PostgresOptions) {
    this.#connections = openConnections(options)
    this.db = new Kysely<Schema>({ dialect: postgresDialect(this.#connections) })
    this.ready = this.#open(options)
    // Whoever does not wait for it meets the same error at the first statement.
    this.ready.catch(() => {})
  }

  async #open(options: PostgresOptions) {
    try {
      if (options.migrate) await migratePostgres(this.#connections)
      await requireCurrentPostgres(this.#connections)
    } catch (error) {
      throw explainOpenError(error, options.url)
    }
  }

  prepare({ sql }: CompiledQuery) {
    return async (parameters: readonly unknown[]) => {
      try {
        const rows = await this.#connections.unsafe(sql, parameters as never[], { prepare: true }).values()
        return rows[0] as unknown[] | undefined
      } catch (error) {
        throw explainError(error)
      }
    }
  }

  async write(statements: readonly Statement[]): Promise<WriteResult[]> {
    try {
      return await this.#connections.begin(async transaction => {
        // All go out at once. The first that went wrong decides, since those after it were decided on its success.
        const answers = await Promise.allSettled(
          statements.map(({ sql, parameters }) => transaction.unsafe(sql, parameters as never[], { prepare: true })),
        )
        return answers.map((answer, index) => toResult(answer, statements[index]!))
      })
    } catch (error) {
      throw explainError(error)
    }
  }

  async close() {
    await this.ready.catch(() => {})
    await this.#connections.end({ timeout: 5 })
  }
}

function toResult(answer: PromiseSettledResult<RowList<Row[]>>, { sql, expect }: Statement): WriteResult {
  if (answer.status === 'rejected') throw answer.reason
  const { value: rows } = answer
  if (expect !== undefined && rows.count !== expect)
    throw new WriteConflict(`${rows.count} rows, not ${expect}: ${sql}`)
  return { rows: [...rows], changes: rows.count }
}

/** Says in one sentence why a database could not be opened. The password is left out. */
function explainOpenError(error: unknown, address: string): Error {
  if (error instanceof StoreOpenError) return error
  const { host, pathname } = new URL(address)
  const explained = explainError(error)
  const reason = explained instanceof Error ? explained.message : String(explained)
  const hint = explained instanceof StoreUnavailable ? ' Is it running, and reachable from here?' : ''
  return new StoreOpenError(
    `The PostgreSQL database ${pathname.slice(1)} at ${host} cannot be opened: ${reason}.${hint}`,
    {
      cause: error,
    },
  )
}
