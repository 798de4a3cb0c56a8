import { type Selectable, sql } from 'kysely'
import type { CallbackDeliveriesTable } from '../callback-schema.ts'
import { columns } from '../columns.ts'
import { type Statement, type Store, statement } from '../store.ts'

export type CallbackDeliveryRow = Selectable<CallbackDeliveriesTable>
export type DeliveryKey = Pick<CallbackDeliveryRow, 'attempted_at' | 'company_id' | 'user_id' | 'ended_at'>

/** Two attempts of one callback in one millisecond are recorded once. */
export function insertDelivery({ db }: Store, row: CallbackDeliveryRow): Statement {
  return statement(
    db
      .insertInto('callback_deliveries')
      .values(row)
      .onConflict(conflict =>
        conflict.columns(['company_id', 'client_id', 'attempted_at', 'user_id', 'ended_at']).doNothing(),
      ),
  )
}

/** Of an app, the latest first. @param since none that were attempted before */
export function pageOfDeliveries(
  { db }: Store,
  { clientId, since, before, limit }: { clientId: string; since: number; before?: DeliveryKey; limit: number },
): Promise<CallbackDeliveryRow[]> {
  let query = db
    .selectFrom('callback_deliveries')
    .select(columns.callback_deliveries)
    .where('client_id', '=', clientId)
    .where('attempted_at', '>=', since)
  if (before) {
    const { attempted_at, company_id, user_id, ended_at } = before
    query = query
      .where('attempted_at', '<=', attempted_at)
      .where(
        sql<boolean>`(attempted_at, company_id, user_id, ended_at) < (${attempted_at}, ${company_id}, ${user_id}, ${ended_at})`,
      )
  }
  return query
    .orderBy('attempted_at', 'desc')
    .orderBy('company_id', 'desc')
    .orderBy('user_id', 'desc')
    .orderBy('ended_at', 'desc')
    .limit(limit)
    .execute()
}
