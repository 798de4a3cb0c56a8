import { type Selectable, sql } from 'kysely'
import { columns, columnsAs } from '../columns.ts'
import type { OperatorsTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type OperatorRow = Selectable<OperatorsTable>

/** An operator whose account is active. */
export function findOperator({ db }: Store, userId: number): Promise<OperatorRow | undefined> {
  return activeOperator(db, userId).executeTakeFirst()
}

function activeOperator(db: Store['db'], userId: number) {
  return db
    .selectFrom('operators as o')
    .innerJoin('users as u', 'u.user_id', 'o.user_id')
    .select(columnsAs('o', columns.operators))
    .where('o.user_id', '=', userId)
    .where('u.active', '=', 1)
    .where('u.deleted_at', 'is', null)
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

/** Holds only while someone is an operator, and their account is active: a condition of what they do. */
export function requireOperator({ db }: Store, userId: number): Statement {
  return expecting(1, activeOperator(db, userId))
}
