import { CompiledQuery, type Kysely } from 'kysely'
import { sqlStore } from './sql-store.ts'
import type { LinkStore } from './store.ts'

/**
 * Keeps links by the app's own Kysely; make the tables in a migration, from the definitions in the guide.
 * @example
 * ```ts
 * import { kyselyStore } from '@tenantry/connect/kysely'
 * import { Kysely, PostgresDialect } from 'kysely'
 * import { Pool } from 'pg'
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL })
 * const db = new Kysely<object>({ dialect: new PostgresDialect({ pool }) })
 * const store = kyselyStore(db, { dialect: 'postgres' })
 * ```
 */
// biome-ignore lint/suspicious/noExplicitAny: the app's own schema, of which nothing is used
export function kyselyStore(db: Kysely<any>, options: { dialect: 'sqlite' | 'postgres' }): LinkStore {
  return sqlStore({
    dialect: options.dialect,
    query: async (text, values) =>
      (await db.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, values))).rows,
  })
}
