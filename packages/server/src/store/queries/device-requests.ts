import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import type { DeviceRequestsTable } from '../session-schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type DeviceRequestRow = Selectable<DeviceRequestsTable>
type Key = Pick<DeviceRequestRow, 'user_code_hash'>

export function insertDeviceRequest({ db }: Store, row: DeviceRequestRow): Statement {
  return statement(db.insertInto('device_requests').values(row))
}

export function findDeviceRequest({ db }: Store, userCodeHash: Uint8Array): Promise<DeviceRequestRow | undefined> {
  return db
    .selectFrom('device_requests')
    .select(columns.device_requests)
    .where('user_code_hash', '=', userCodeHash)
    .executeTakeFirst()
}

/** Ties it to the browser in which its code was typed. Holds only for the first. */
export function beginDeviceRequest(
  { db }: Store,
  { user_code_hash, begun_at, browser_hash }: DeviceRequestRow,
): Statement {
  return expecting(
    1,
    db
      .updateTable('device_requests')
      .set({ begun_at, browser_hash })
      .where('user_code_hash', '=', user_code_hash)
      .where('browser_hash', 'is', null),
  )
}

/** Holds only for the first answer to it, in time. */
export function allowDeviceRequest({ db }: Store, key: Key, companyId: number, now: number): Statement {
  return expecting(
    1,
    db
      .updateTable('device_requests')
      .set({ company_id: companyId })
      .where('user_code_hash', '=', key.user_code_hash)
      .where('company_id', 'is', null)
      .where('denied_at', 'is', null)
      .where('expires_at', '>', now),
  )
}

/** Holds only for the first answer to it. */
export function denyDeviceRequest({ db }: Store, key: Key, now: number): Statement {
  return expecting(
    1,
    db
      .updateTable('device_requests')
      .set({ denied_at: now })
      .where('user_code_hash', '=', key.user_code_hash)
      .where('company_id', 'is', null)
      .where('denied_at', 'is', null),
  )
}

/** Remembers that the device has asked, and how long it must wait from now on. */
export function putDevicePoll({ db }: Store, key: Key, polledAt: number, pollInterval: number): Statement {
  return statement(
    db
      .updateTable('device_requests')
      .set({ polled_at: polledAt, poll_interval: pollInterval })
      .where('user_code_hash', '=', key.user_code_hash),
  )
}
