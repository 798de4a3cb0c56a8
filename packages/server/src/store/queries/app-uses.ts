import type { Selectable } from 'kysely'
import type { AppUsesTable } from '../app-schema.ts'
import { columns } from '../columns.ts'
import { type Statement, type Store, statement } from '../store.ts'

export type AppUsesRow = Selectable<AppUsesTable>

/** Adds to what was counted on a day. Of a company that is gone meanwhile nothing is. */
export function addAppUses({ db }: Store, row: AppUsesRow): Statement {
  const { tokens, sign_ins } = row
  return statement(
    db
      .insertInto('app_uses')
      .values(row)
      .onConflict(conflict =>
        conflict.columns(['company_id', 'client_id', 'day']).doUpdateSet(eb => ({
          tokens: eb('app_uses.tokens', '+', tokens),
          sign_ins: eb('app_uses.sign_ins', '+', sign_ins),
        })),
      ),
  )
}

/** Of an app at a company from a day on, the oldest first. */
export function listAppUses(
  { db }: Store,
  { company_id, client_id, day }: Pick<AppUsesRow, 'company_id' | 'client_id' | 'day'>,
): Promise<AppUsesRow[]> {
  return db
    .selectFrom('app_uses')
    .select(columns.app_uses)
    .where('company_id', '=', company_id)
    .where('client_id', '=', client_id)
    .where('day', '>=', day)
    .orderBy('day')
    .execute()
}
