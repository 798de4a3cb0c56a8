import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import type { PushedRequestsTable } from '../session-schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type PushedRequestRow = Selectable<PushedRequestsTable>

export function insertPushedRequest({ db }: Store, row: PushedRequestRow): Statement {
  return statement(db.insertInto('pushed_requests').values(row))
}

export function findPushedRequest({ db }: Store, requestHash: Uint8Array): Promise<PushedRequestRow | undefined> {
  return db
    .selectFrom('pushed_requests')
    .select(columns.pushed_requests)
    .where('request_hash', '=', requestHash)
    .executeTakeFirst()
}

/** Ties it to the browser that began it. Holds only for the first. */
export function beginPushedRequest(
  { db }: Store,
  { request_hash, ...values }: Pick<PushedRequestRow, 'request_hash' | 'begun_at' | 'browser_hash' | 'expires_at'>,
): Statement {
  return expecting(
    1,
    db
      .updateTable('pushed_requests')
      .set(values)
      .where('request_hash', '=', request_hash)
      .where('browser_hash', 'is', null),
  )
}

/** Holds only for the first answer to it. */
export function spendPushedRequest({ db }: Store, requestHash: Uint8Array): Statement {
  return expecting(1, db.deleteFrom('pushed_requests').where('request_hash', '=', requestHash))
}
