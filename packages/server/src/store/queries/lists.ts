import { type RawBuilder, sql } from 'kysely'

/** A part of a list. */
export interface ListPage {
  /** The most rows; all when not given. */
  limit?: number | undefined
  /** Rows that are left out before them. */
  offset?: number | undefined
}

interface Limited<Query> {
  limit(limit: number): Query
  offset(offset: number): Query
}

export function paged<Query extends Limited<Query>>(query: Query, { limit, offset = 0 }: ListPage): Query {
  if (limit === undefined) return query
  return offset > 0 ? query.limit(limit).offset(offset) : query.limit(limit)
}

/** Whether one of the columns holds the text, in capitals or not. */
export function contains(columns: readonly string[], text: string): RawBuilder<boolean> {
  const pattern = `%${text.toLowerCase().replace(/[\\%_]/g, sign => `\\${sign}`)}%`
  const each = columns.map(column => sql`lower(${sql.ref(column)}) LIKE ${pattern} ESCAPE '\\'`)
  return sql<boolean>`(${sql.join(each, sql` OR `)})`
}
