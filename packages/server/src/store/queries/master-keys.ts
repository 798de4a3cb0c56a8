import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import type { MasterKeysTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type MasterKeyRow = Selectable<MasterKeysTable>

/** All of them, the newest first. */
export function listMasterKeys({ db }: Store): Promise<MasterKeyRow[]> {
  return db.selectFrom('master_keys').select(columns.master_keys).orderBy('key_id', 'desc').execute()
}

/** Holds only while no other program has made a key with that id. */
export function insertMasterKey({ db }: Store, row: MasterKeyRow): Statement {
  const query = db.insertInto('master_keys').values(row)
  return expecting(
    1,
    query.onConflict(conflict => conflict.column('key_id').doNothing()),
  )
}

/** Holds only while it is as it was read. */
export function resealMasterKey({ db }: Store, row: MasterKeyRow, sealed: string): Statement {
  return expecting(
    1,
    db.updateTable('master_keys').set({ sealed }).where('key_id', '=', row.key_id).where('sealed', '=', row.sealed),
  )
}

export function deleteMasterKey({ db }: Store, keyId: number): Statement {
  return statement(db.deleteFrom('master_keys').where('key_id', '=', keyId))
}
