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
import type { Connections } from './connection.ts'
import { explainError } from './errors.ts'

/**
 * Kysely on Postgres.js, for single statements: each goes out by itself on whichever connection is free. Transactions are
 * the store's own, see `write`.
 */
export function postgresDialect(connections: Connections): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    // biome-ignore lint/suspicious/noExplicitAny: Kysely's own signature
    createIntrospector: (db: Kysely<any>) => new PostgresIntrospector(db),
    createDriver: () => new SingleStatements(connections),
  }
}

class SingleStatements implements Driver {
  readonly #connection: DatabaseConnection

  constructor(connections: Connections) {
    this.#connection = {
      async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
        if (parameters.some(holdsNul)) return { rows: [] }
        try {
          const rows = await connections.unsafe(sql, parameters as never[], { prepare: true })
          return { rows: [...rows] as Row[], numAffectedRows: BigInt(rows.count ?? 0) }
        } catch (error) {
          throw explainError(error)
        }
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

/** PostgreSQL's text cannot hold it: nothing that is looked up by such a text is there. */
function holdsNul(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\0')
}
