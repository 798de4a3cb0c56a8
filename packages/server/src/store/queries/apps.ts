import type { Selectable } from 'kysely'
import type { AppsTable } from '../app-schema.ts'
import { columns } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import { asRead } from './as-read.ts'
import { contains, type ListPage, paged } from './lists.ts'

export type AppRow = Selectable<AppsTable>
/** An app without the bytes of its icon, which can be as many as those of a thousand rows. */
export type AppFacts = Omit<AppRow, 'icon'>

export const appColumns = columns.apps.filter(name => name !== 'icon')

export function insertApp({ db }: Store, row: AppRow): Statement {
  return statement(db.insertInto('apps').values(row))
}

const byId = new PreparedQuery((db, { clientId }: { clientId: string }) =>
  db.selectFrom('apps').select(appColumns).where('client_id', '=', clientId),
)

export function findApp(store: Store, clientId: string): Promise<AppFacts | undefined> {
  const read = () => byId.first(store, { clientId })
  return store.remembered?.find({ clientId }, read) ?? read()
}

export function findAppWithIcon({ db }: Store, clientId: string): Promise<AppRow | undefined> {
  return db.selectFrom('apps').select(columns.apps).where('client_id', '=', clientId).executeTakeFirst()
}

/** The oldest first. */
export function listApps({ db }: Store, { search, ...page }: { search?: string } & ListPage = {}): Promise<AppFacts[]> {
  let query = db.selectFrom('apps').select(appColumns).orderBy('created_at').orderBy('client_id')
  if (search !== undefined) query = query.where(contains(['name', 'client_id'], search))
  return paged(query, page).execute()
}

export type AppName = Pick<AppRow, 'client_id' | 'name'>

/** Of the apps that are not disabled. */
export function listAppNames({ db }: Store): Promise<AppName[]> {
  return db
    .selectFrom('apps')
    .select(['client_id', 'name'])
    .where('disabled_at', 'is', null)
    .orderBy('client_id')
    .execute()
}

/** In the order of their client ids, page by page. */
export function pageOfApps({ db }: Store, { after, limit }: { after?: string; limit: number }): Promise<AppFacts[]> {
  let query = db.selectFrom('apps').select(appColumns).orderBy('client_id').limit(limit)
  if (after !== undefined) query = query.where('client_id', '>', after)
  return query.execute()
}

/** Holds only while the secret is as it was read. */
export function setAppSecret(
  { db }: Store,
  { client_id, secret_hash }: Pick<AppRow, 'client_id' | 'secret_hash'>,
  newHash: Uint8Array,
  encryptedSecret: string | null,
): Statement {
  return expecting(
    1,
    db
      .updateTable('apps')
      .set({ secret_hash: newHash, encrypted_secret: encryptedSecret })
      .where('client_id', '=', client_id)
      .where('secret_hash', '=', secret_hash),
  )
}

/** What a registration can be changed in. */
export type AppColumns = Partial<Pick<AppRow, (typeof CHANGEABLE)[number]>>

/** Holds only while the registration is as it was read; its secrets may change meanwhile. */
export function updateApp({ db }: Store, before: AppRow, after: AppRow): Statement {
  return expecting(
    1,
    db
      .updateTable('apps')
      .set(changeable(after))
      .where('client_id', '=', before.client_id)
      .where(asRead<'apps'>(changeable(before))),
  )
}

const CHANGEABLE = [
  'name',
  'maker',
  'icon',
  'icon_type',
  'redirect_uris',
  'scopes',
  'profile',
  'require_pkce',
  'jwks',
  'jwks_uri',
  'uninstall_url',
  'disabled_at',
  'home_url',
  'privacy_url',
  'terms_url',
  'verified_at',
  'verified_by',
  'company_id',
  'published_at',
  'rate_limits',
  'id_token_algorithm',
  'post_logout_redirect_uris',
  'backchannel_logout_url',
  'require_par',
  'require_dpop',
  'device_flow',
  'install',
] as const

function changeable(row: AppRow): Required<AppColumns> {
  return Object.fromEntries(CHANGEABLE.map(name => [name, row[name]])) as Required<AppColumns>
}

/** With its secrets; refused while anything of it is installed or left to be sent to it. */
export function deleteAppRow({ db }: Store, clientId: string): Statement {
  return statement(db.deleteFrom('apps').where('client_id', '=', clientId))
}

/** The apps that have an encrypted client secret. */
export function listEncryptedSecrets({ db }: Store): Promise<{ client_id: string; encrypted_secret: string }[]> {
  return db
    .selectFrom('apps')
    .select(['client_id', 'encrypted_secret'])
    .where('encrypted_secret', 'is not', null)
    .$narrowType<{ encrypted_secret: string }>()
    .execute()
}

/** Holds only while the secret is as it was read. */
export function reencryptAppSecret({ db }: Store, clientId: string, before: string, after: string): Statement {
  return expecting(
    1,
    db
      .updateTable('apps')
      .set({ encrypted_secret: after })
      .where('client_id', '=', clientId)
      .where('encrypted_secret', '=', before),
  )
}

/** Of an app that a document describes. */
export function setDocumentExpiry({ db }: Store, clientId: string, expiresAt: number): Statement {
  return statement(db.updateTable('apps').set({ document_expires_at: expiresAt }).where('client_id', '=', clientId))
}

/** Keeps an app that registered itself, now that someone has allowed it. Holds only while it is there. */
export function keepApp({ db }: Store, clientId: string): Statement {
  return expecting(1, db.updateTable('apps').set({ unused_until: null }).where('client_id', '=', clientId))
}

export function setAppDisabled({ db }: Store, clientId: string, disabledAt: number | null): Statement {
  return expecting(1, db.updateTable('apps').set({ disabled_at: disabledAt }).where('client_id', '=', clientId))
}
