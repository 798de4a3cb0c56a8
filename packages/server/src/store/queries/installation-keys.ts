import { sql } from 'kysely'
import type { InstallationKey, InstallationRow } from './installations.ts'

/** What installations have in common. */
export type Matching = Partial<Pick<InstallationRow, 'company_id' | 'user_id' | 'client_id' | 'kind' | 'scopes'>> &
  Pick<InstallationRow, 'company_id'>

export function keyOf({ company_id, user_id, client_id }: InstallationKey): InstallationKey {
  return { company_id, user_id, client_id }
}

/** The condition that columns have these values, none of them null: so that it is answered by an index. */
export function hasAll(values: Matching, table?: 'i') {
  const name = (column: string) => sql.ref(table === undefined ? column : `${table}.${column}`)
  return sql<boolean>`${sql.join(
    Object.entries(values).map(([column, value]) => sql`${name(column)} = ${value}`),
    sql` and `,
  )}`
}
