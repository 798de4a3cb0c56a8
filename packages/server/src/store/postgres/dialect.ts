import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import { inQuerySpan } from '../../tracing/database-span.ts'
import type { Pool } from './pool.ts'

/**
 * Kysely on our own pool, for single statements that read: each is sent on any free connection.
 * Transactions are the store's own, see `write`.
 */
export function postgresDialect(pool: Pool): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    // biome-ignore lint/suspicious/noExplicitAny: Kysely's own signature
    createIntrospector: (db: Kysely<any>) => new PostgresIntrospector(db),
    createDriver: () => new SingleStatements(pool),
  }
}

class SingleStatements implements Driver {
  readonly #connection: DatabaseConnection

  constructor(pool: Pool) {
    this.#connection = {
      async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
        if (parameters.some(holdsNul)) return { rows: [] }
        const read = () => pool.read(session => session.query<Row>(sql, parameters))
        const { rows } = await inQuerySpan('postgresql', sql, read)
        return { rows }
      },
      streamQuery() {
        throw new Error('Streaming is not used.')
      },
    }
  }

  async init() {}
  async acquireConnection() {
    return this.#connection
  }
  async beginTransaction() {
    throw new Error('Writes are batches: use write().')
  }
  async commitTransaction() {}
  async rollbackTransaction() {}
  async releaseConnection() {}
  async destroy() {}
}

/** PostgreSQL's `text` cannot hold NUL: nothing is stored under such a value. */
function holdsNul(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\0')
}
