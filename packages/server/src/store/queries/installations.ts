import { type Selectable, sql } from 'kysely'
import { columns, columnsAs } from '../columns.ts'
import type { InstallationsTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import { type ListPage, paged } from './lists.ts'

export type InstallationRow = Selectable<InstallationsTable>

/** What says which installation: a user at a company allowed an app. */
export interface InstallationKey {
  company_id: number
  user_id: number
  client_id: string
}

/** An installation with the names a person knows it by. */
export interface InstallationView extends InstallationRow {
  app_name: string
  app_maker: string | null
  app_has_icon: number
  company_name: string
  company_domain: string
}

/**
 * Installs the app, or changes the installation that is there. Holds only while the membership is active, the company
 * is not suspended, and the installation is as it was read.
 * @param before undefined where there was none
 */
export function putInstallation({ db }: Store, row: InstallationRow, before: InstallationRow | undefined): Statement {
  const active = db
    .selectFrom('memberships as m')
    .innerJoin('companies as c', 'c.company_id', 'm.company_id')
    .select([
      'm.company_id',
      'm.user_id',
      sql<string>`cast(${row.client_id} as text)`.as('client_id'),
      sql<string>`cast(${row.scopes} as text)`.as('scopes'),
      sql<number>`cast(${row.created_at} as bigint)`.as('created_at'),
      sql<number>`cast(${row.updated_at} as bigint)`.as('updated_at'),
    ])
    .where('m.company_id', '=', row.company_id)
    .where('m.user_id', '=', row.user_id)
    .where('m.active', '=', 1)
    .where('m.user_active', '=', 1)
    .where('c.suspended_at', 'is', null)
  return expecting(
    1,
    db
      .insertInto('installations')
      .columns(['company_id', 'user_id', 'client_id', 'scopes', 'created_at', 'updated_at'])
      .expression(active)
      .onConflict(conflict => {
        const taken = conflict.columns(['company_id', 'user_id', 'client_id'])
        if (!before) return taken.doNothing()
        return taken
          .doUpdateSet({ scopes: row.scopes, updated_at: row.updated_at })
          .where('installations.scopes', '=', before.scopes)
      }),
  )
}

/**
 * Holds only while the app is installed with exactly these scopes. It touches the row, so that a removal at the same
 * moment comes before, and is noticed, or after, and ends what this write gives.
 */
export function requireInstallation(
  { db }: Store,
  { scopes, ...key }: InstallationKey & { scopes: string },
): Statement {
  return expecting(
    1,
    db
      .updateTable('installations')
      .set({ scopes })
      .where('company_id', '=', key.company_id)
      .where('user_id', '=', key.user_id)
      .where('client_id', '=', key.client_id)
      .where('scopes', '=', scopes),
  )
}

export function findInstallation({ db }: Store, key: InstallationKey): Promise<InstallationRow | undefined> {
  return db
    .selectFrom('installations')
    .select(columns.installations)
    .where('company_id', '=', key.company_id)
    .where('user_id', '=', key.user_id)
    .where('client_id', '=', key.client_id)
    .executeTakeFirst()
}

/**
 * Keeps others from changing what belongs to an installation until this write is done. SQLite's writes go one after the
 * other anyway; elsewhere a deletion would miss rows that are added at the same moment.
 */
export function lockInstallation({ db, engine }: Store, key: InstallationKey): Statement[] {
  if (engine === 'sqlite') return []
  const query = db
    .selectFrom('installations')
    .select('client_id')
    .where('company_id', '=', key.company_id)
    .where('user_id', '=', key.user_id)
    .where('client_id', '=', key.client_id)
    .forUpdate()
  return [statement(query)]
}

/**
 * Takes a scope from an installation, and from everything that it gave. Holds only while the installation is as it was read; what is
 * being given at this moment comes before, and loses it too, or finds that it is not allowed any more.
 */
export function withdrawScope(
  store: Store,
  before: InstallationKey & { scopes: string },
  scopes: readonly string[],
): Statement[] {
  const { company_id, user_id, client_id } = before
  const kept = before.scopes.split(' ').filter(scope => !scopes.includes(scope))
  const update = expecting(
    1,
    store.db
      .updateTable('installations')
      .set({ scopes: kept.join(' ') })
      .where('company_id', '=', company_id)
      .where('user_id', '=', user_id)
      .where('client_id', '=', client_id)
      .where('scopes', '=', before.scopes),
  )
  const given = (['access_tokens', 'refresh_tokens', 'authorization_codes'] as const).flatMap(table =>
    scopes.map(scope =>
      statement(
        store.db
          .updateTable(table)
          .set({ scopes: sql<string>`trim(replace(' ' || scopes || ' ', cast(${` ${scope} `} as text), ' '))` })
          .where('company_id', '=', company_id)
          .where('user_id', '=', user_id)
          .where('client_id', '=', client_id)
          .where(
            sql<boolean>`replace(' ' || scopes || ' ', cast(${` ${scope} `} as text), '') <> ' ' || scopes || ' '`,
          ),
      ),
    ),
  )
  return [update, ...given]
}

/** All installations of a member, or the one of an app. */
export type InstallationsOf = Omit<InstallationKey, 'client_id'> & { client_id?: string }

/**
 * Ends installations: queues the uninstall callbacks that their apps asked for, then deletes the installations, and with
 * them by cascade their codes and tokens. With a `client_id` it holds only if that app is installed.
 * @param endedAt milliseconds since 1970
 */
export function endInstallations(store: Store, of: InstallationsOf, endedAt: number): Statement[] {
  return [queueUninstallCallbacks(store, of, endedAt), deleteInstallations(store, of)]
}

/** Deletes an installation of an app that is being deleted itself: no callback is queued. */
export function discardInstallation(store: Store, { company_id, user_id, client_id }: InstallationKey): Statement {
  return deleteInstallations(store, { company_id, user_id, client_id })
}

function deleteInstallations({ db }: Store, { company_id, user_id, client_id }: InstallationsOf): Statement {
  const ofMember = db.deleteFrom('installations').where('company_id', '=', company_id).where('user_id', '=', user_id)
  return client_id === undefined ? statement(ofMember) : expecting(1, ofMember.where('client_id', '=', client_id))
}

function queueUninstallCallbacks(
  { db }: Store,
  { company_id, user_id, client_id }: InstallationsOf,
  endedAt: number,
): Statement {
  let ending = db
    .selectFrom('installations as i')
    .innerJoin('apps as a', 'a.client_id', 'i.client_id')
    .select([
      'i.company_id',
      'i.user_id',
      'i.client_id',
      sql<number>`cast(${endedAt} as bigint)`.as('ended_at'),
      sql<number>`cast(${endedAt} as bigint)`.as('next_attempt_at'),
    ])
    .where('i.company_id', '=', company_id)
    .where('i.user_id', '=', user_id)
    .where('a.uninstall_url', 'is not', null)
  if (client_id !== undefined) ending = ending.where('i.client_id', '=', client_id)
  return statement(
    db
      .insertInto('uninstall_callbacks')
      .columns(['company_id', 'user_id', 'client_id', 'ended_at', 'next_attempt_at'])
      .expression(ending)
      // The same installation, ended twice within a millisecond, is one callback.
      .onConflict(conflict => conflict.columns(['company_id', 'user_id', 'client_id', 'ended_at']).doNothing()),
  )
}

/**
 * Installations in the order of their keys, for lists that are read page by page.
 * @param only of a user only together with companies: their keys begin with the company
 */
export async function pageOfInstallations(
  { db }: Store,
  only: { companyIds?: readonly number[]; userId?: number; clientId?: string; after?: InstallationKey; limit: number },
): Promise<InstallationRow[]> {
  let query = db.selectFrom('installations').select(columns.installations)
  if (only.companyIds?.length === 0) return []
  if (only.companyIds) query = query.where('company_id', 'in', only.companyIds)
  if (only.userId !== undefined) query = query.where('user_id', '=', only.userId)
  if (only.clientId !== undefined) query = query.where('client_id', '=', only.clientId)
  if (only.after) {
    const { company_id, user_id, client_id } = only.after
    query = query.where(sql<boolean>`(company_id, user_id, client_id) > (${company_id}, ${user_id}, ${client_id})`)
  }
  return query.orderBy('company_id').orderBy('user_id').orderBy('client_id').limit(only.limit).execute()
}

/** Installations with their names, the newest first, of everyone or of one user at the given companies. */
export async function listInstallations(
  { db }: Store,
  only: { companyIds?: readonly number[]; userId?: number; clientId?: string } & ListPage = {},
): Promise<InstallationView[]> {
  if (only.companyIds?.length === 0) return []
  let query = db
    .selectFrom('installations as i')
    .innerJoin('apps as a', 'a.client_id', 'i.client_id')
    .innerJoin('companies as c', 'c.company_id', 'i.company_id')
    .select(columnsAs('i', columns.installations))
    .select(['a.name as app_name', 'a.maker as app_maker', 'c.name as company_name', 'c.domain as company_domain'])
    .select(eb => eb.case().when('a.icon', 'is', null).then(sql.lit(0)).else(sql.lit(1)).end().as('app_has_icon'))
  if (only.companyIds) query = query.where('i.company_id', 'in', only.companyIds)
  if (only.userId !== undefined) query = query.where('i.user_id', '=', only.userId)
  if (only.clientId !== undefined) query = query.where('i.client_id', '=', only.clientId)
  const ordered = query.orderBy('i.created_at', 'desc').orderBy('i.company_id').orderBy('i.user_id')
  return paged(ordered, only).execute()
}
