import { type Selectable, sql } from 'kysely'
import { columns } from '../columns.ts'
import type { OperatorsTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type OperatorRow = Selectable<OperatorsTable>

export function findOperator({ db }: Store, userId: number): Promise<OperatorRow | undefined> {
  return db.selectFrom('operators').select(columns.operators).where('user_id', '=', userId).executeTakeFirst()
}

export function listOperators({ db }: Store): Promise<OperatorRow[]> {
  return db.selectFrom('operators').select(columns.operators).orderBy('user_id').limit(sql.lit(1000)).execute()
}

export function insertOperator({ db }: Store, row: OperatorRow): Statement {
  return statement(
    db
      .insertInto('operators')
      .values(row)
      .onConflict(conflict => conflict.column('user_id').doNothing()),
  )
}

/** Holds only if there is such an operator. */
export function deleteOperator({ db }: Store, userId: number): Statement {
  return expecting(1, db.deleteFrom('operators').where('user_id', '=', userId))
}

/** Holds only while someone is an operator: a condition of what they do. */
export function requireOperator({ db }: Store, userId: number): Statement {
  return expecting(1, db.selectFrom('operators').select('user_id').where('user_id', '=', userId))
}
