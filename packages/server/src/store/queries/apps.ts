import type { Selectable } from 'kysely'
import type { AppsTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type AppRow = Selectable<AppsTable>

export function insertApp({ db }: Store, row: AppRow): Statement {
  return statement(db.insertInto('apps').values(row))
}

export function findApp({ db }: Store, clientId: string): Promise<AppRow | undefined> {
  return db.selectFrom('apps').selectAll().where('client_id', '=', clientId).executeTakeFirst()
}

export function listApps({ db }: Store): Promise<AppRow[]> {
  return db.selectFrom('apps').selectAll().orderBy('created_at').orderBy('client_id').execute()
}

export function setAppSecret(
  { db }: Store,
  clientId: string,
  secretHash: Uint8Array,
  encryptedSecret: string | null,
): Statement {
  return expecting(
    1,
    db
      .updateTable('apps')
      .set({ secret_hash: secretHash, encrypted_secret: encryptedSecret })
      .where('client_id', '=', clientId),
  )
}

export function setAppDisabled({ db }: Store, clientId: string, disabledAt: number | null): Statement {
  return expecting(1, db.updateTable('apps').set({ disabled_at: disabledAt }).where('client_id', '=', clientId))
}
