import type { Selectable } from 'kysely'
import type { ClientSecretsTable } from '../app-schema.ts'
import { columns } from '../columns.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import type { AppFacts } from './apps.ts'

export type ClientSecretRow = Selectable<ClientSecretsTable>

/** A secret that is accepted until it is replaced. */
export function insertClientSecret(
  { db }: Store,
  row: Pick<ClientSecretRow, 'client_id' | 'secret_hash' | 'created_at'>,
): Statement {
  return statement(db.insertInto('client_secrets').values({ ...row, expires_at: null, last_used_at: null }))
}

export function listClientSecrets({ db }: Store, clientId: string): Promise<ClientSecretRow[]> {
  return db
    .selectFrom('client_secrets')
    .select(columns.client_secrets)
    .where('client_id', '=', clientId)
    .orderBy('created_at', 'desc')
    .execute()
}

export function findClientSecret(
  { db }: Store,
  clientId: string,
  secretHash: Uint8Array,
): Promise<ClientSecretRow | undefined> {
  return db
    .selectFrom('client_secrets')
    .select(columns.client_secrets)
    .where('client_id', '=', clientId)
    .where('secret_hash', '=', secretHash)
    .executeTakeFirst()
}

/** Accepts the app's current secret until then, also where a program of an earlier version did not list it. */
export function expireClientSecret({ db }: Store, app: AppFacts, expiresAt: number): Statement[] {
  const row = { client_id: app.client_id, secret_hash: app.secret_hash!, created_at: app.created_at }
  return [
    expecting(
      1,
      db
        .insertInto('client_secrets')
        .values({ ...row, expires_at: expiresAt, last_used_at: null })
        .onConflict(conflict => conflict.columns(['client_id', 'secret_hash']).doUpdateSet({ expires_at: expiresAt })),
    ),
  ]
}

/** @param except the hash of the secret that stays */
export function deleteOtherClientSecrets({ db }: Store, clientId: string, except: Uint8Array | undefined): Statement {
  let query = db.deleteFrom('client_secrets').where('client_id', '=', clientId)
  if (except) query = query.where('secret_hash', '!=', except)
  return statement(query)
}

/** Only where the last recorded use is older than `olderThan`, or of a clock that was ahead. */
export function recordClientSecretUse(
  { db }: Store,
  clientId: string,
  secretHash: Uint8Array,
  usedAt: number,
  olderThan: number,
): Statement {
  return statement(
    db
      .updateTable('client_secrets')
      .set({ last_used_at: usedAt })
      .where('client_id', '=', clientId)
      .where('secret_hash', '=', secretHash)
      .where(eb =>
        eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<=', olderThan), eb('last_used_at', '>', usedAt)]),
      ),
  )
}
