import type { Selectable } from 'kysely'
import type { SigningKeysTable } from '../administration-schema.ts'
import { columns } from '../columns.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type SigningKeyRow = Selectable<SigningKeysTable>

/** All of them, the oldest first. */
export function listSigningKeys({ db }: Store): Promise<SigningKeyRow[]> {
  return db.selectFrom('signing_keys').select(columns.signing_keys).orderBy('created_at').orderBy('key_id').execute()
}

export function findSigningKey({ db }: Store, keyId: string): Promise<SigningKeyRow | undefined> {
  return db.selectFrom('signing_keys').select(columns.signing_keys).where('key_id', '=', keyId).executeTakeFirst()
}

export function insertSigningKey({ db }: Store, row: SigningKeyRow): Statement {
  return statement(db.insertInto('signing_keys').values(row))
}

export function deleteSigningKey({ db }: Store, keyId: string): Statement {
  return statement(db.deleteFrom('signing_keys').where('key_id', '=', keyId))
}

/** Holds only while it is as it was read. */
export function resealSigningKey({ db }: Store, { key_id, sealed }: SigningKeyRow, to: string): Statement {
  return expecting(
    1,
    db.updateTable('signing_keys').set({ sealed: to }).where('key_id', '=', key_id).where('sealed', '=', sealed),
  )
}
