import type { Selectable } from 'kysely'
import type { AdminKeysTable } from '../administration-schema.ts'
import { columns } from '../columns.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type AdminKeyRow = Selectable<AdminKeysTable>

export function insertAdminKey({ db }: Store, row: AdminKeyRow): Statement {
  return statement(db.insertInto('admin_keys').values(row))
}

/** Inserts a key, or gives the one with that id these values. */
export function putAdminKey({ db }: Store, row: AdminKeyRow): Statement {
  const { key_id, ...values } = row
  return statement(
    db
      .insertInto('admin_keys')
      .values(row)
      .onConflict(conflict => conflict.column('key_id').doUpdateSet(values)),
  )
}

export function findAdminKey({ db }: Store, keyHash: Uint8Array): Promise<AdminKeyRow | undefined> {
  return db.selectFrom('admin_keys').select(columns.admin_keys).where('key_hash', '=', keyHash).executeTakeFirst()
}

/** The oldest first. */
export function listAdminKeyRows({ db }: Store): Promise<AdminKeyRow[]> {
  return db.selectFrom('admin_keys').select(columns.admin_keys).orderBy('created_at').orderBy('key_id').execute()
}

/** Holds only if there is such a key. */
export function deleteAdminKey({ db }: Store, keyId: string): Statement {
  return expecting(1, db.deleteFrom('admin_keys').where('key_id', '=', keyId))
}

export function recordAdminKeyUse({ db }: Store, keyId: string, usedAt: number): Statement {
  return statement(db.updateTable('admin_keys').set({ last_used_at: usedAt }).where('key_id', '=', keyId))
}
