import type { Selectable } from 'kysely'
import type { IdempotencyKeysTable } from '../administration-schema.ts'
import { columns } from '../columns.ts'
import { type Statement, type Store, statement } from '../store.ts'

export type IdempotencyKeyRow = Selectable<IdempotencyKeysTable>

/** The first request with a key decides what is done; this is nothing where there was one before. */
export function insertIdempotencyKey({ db }: Store, row: IdempotencyKeyRow): Statement {
  return statement(
    db
      .insertInto('idempotency_keys')
      .values(row)
      .onConflict(conflict => conflict.columns(['key_id', 'request_key']).doNothing()),
  )
}

export function findIdempotencyKey(
  { db }: Store,
  keyId: string,
  requestKey: Uint8Array,
): Promise<IdempotencyKeyRow | undefined> {
  return db
    .selectFrom('idempotency_keys')
    .select(columns.idempotency_keys)
    .where('key_id', '=', keyId)
    .where('request_key', '=', requestKey)
    .executeTakeFirst()
}

export function setIdempotentAnswer(
  { db }: Store,
  { key_id, request_key }: IdempotencyKeyRow,
  answer: string,
): Statement {
  return statement(
    db
      .updateTable('idempotency_keys')
      .set({ answer })
      .where('key_id', '=', key_id)
      .where('request_key', '=', request_key),
  )
}
