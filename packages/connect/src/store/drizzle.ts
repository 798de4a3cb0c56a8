import { type SQL, sql } from 'drizzle-orm'
import { type SqlRow, type SqlValue, sqlStore } from './sql-store.ts'
import type { LinkStore } from './store.ts'

/** What Drizzle's databases for PostgreSQL have in common. */
export interface DrizzlePostgres {
  execute(query: SQL): PromiseLike<unknown>
}

/** What Drizzle's databases for SQLite have in common. */
export interface DrizzleSqlite {
  all(query: SQL): PromiseLike<unknown[]> | unknown[]
}

/**
 * Keeps links by the app's own Drizzle; make the tables with its migrations, from the definitions in the guide.
 * @example
 * ```ts
 * import { drizzleStore } from '@tenantry/connect/drizzle'
 * import { drizzle } from 'drizzle-orm/postgres-js'
 * const store = drizzleStore(drizzle(process.env.DATABASE_URL!))
 * ```
 */
export function drizzleStore(db: DrizzlePostgres | DrizzleSqlite): LinkStore {
  if ('all' in db) {
    return sqlStore({
      dialect: 'sqlite',
      query: async (text, values) => (await db.all(toSql(text, values, '?'))) as SqlRow[],
    })
  }
  return sqlStore({
    dialect: 'postgres',
    query: async (text, values) => rowsOf(await db.execute(toSql(text, values, '$'))),
  })
}

/** The statement in Drizzle's own terms: text, value, text, value … */
function toSql(text: string, values: SqlValue[], mark: '$' | '?'): SQL {
  const pattern = mark === '$' ? /\$(\d+)/ : /\?(\d+)/
  const parts = text.split(pattern)
  return sql.join(parts.map((part, index) => (index % 2 === 0 ? sql.raw(part) : sql`${values[Number(part) - 1]}`)))
}

/** Drivers answer with the rows, or with an object that has them. */
function rowsOf(answer: unknown): SqlRow[] {
  return Array.isArray(answer) ? answer : (answer as { rows: SqlRow[] }).rows
}
