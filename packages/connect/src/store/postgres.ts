import postgres, { type Sql } from 'postgres'
import { connectTables, sqlStore } from './sql-store.ts'
import type { LinkStore } from './store.ts'

export interface PostgresStore extends LinkStore {
  /** Creates the tables if they do not exist; safe to run again, and in several processes at the same time. */
  createTables(): Promise<void>
  /** Ends the connections that the store opened itself. */
  close(): Promise<void>
}

/**
 * Keeps links in PostgreSQL by Postgres.js: an address (`postgres://…`) or the `sql` that the app has already.
 * @example
 * ```ts
 * import { postgresStore } from '@tenantry/connect/postgres'
 * const store = postgresStore(process.env.DATABASE_URL!)
 * await store.createTables()
 * await store.close()
 * ```
 */
export function postgresStore(addressOrSql: string | Sql): PostgresStore {
  const own = typeof addressOrSql === 'string'
  const sql = own ? postgres(addressOrSql, { max: 4, onnotice: () => {} }) : addressOrSql
  const store = sqlStore({
    dialect: 'postgres',
    query: (text, values) => sql.unsafe(text, values),
  })
  return {
    ...store,
    async createTables() {
      await sql.begin(async transaction => {
        // IF NOT EXISTS is not safe against a second process at the same moment; the lock is.
        await transaction`SELECT pg_advisory_xact_lock(hashtext('tenantry_connect_tables'))`
        for (const table of connectTables) await transaction.unsafe(table)
      })
    },
    close: async () => {
      if (own) await sql.end()
    },
  }
}
