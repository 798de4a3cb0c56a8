import { type Selectable, sql } from 'kysely'
import { columns, columnsAs } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { InstallationsTable } from '../schema.ts'
import { type Statement, type Store, statement } from '../store.ts'
import { type ListPage, paged } from './lists.ts'

export type InstallationRow = Selectable<InstallationsTable>

/** An installation that is to be put in place: of a user, unless it says another kind. */
export type NewInstallation = Omit<InstallationRow, 'kind' | 'installed_by' | 'audience'> &
  Partial<Pick<InstallationRow, 'kind' | 'installed_by' | 'audience'>>

/** What says which installation: a user at a company allowed an app. */
export interface InstallationKey {
  company_id: number
  user_id: number
  client_id: string
}

const INSTALLATION_KEY = ['company_id', 'user_id', 'client_id'] as const

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
export function putInstallation(store: Store, row: NewInstallation, before: InstallationRow | undefined): Statement {
  const { company_id, user_id, client_id, scopes, created_at, updated_at } = row
  const { kind = 'user', installed_by = null, audience = null } = row
  const values = { company_id, user_id, client_id, scopes, created_at, updated_at, kind, installed_by, audience }
  if (!before) return firstInstallation.expecting(1, store, values)
  return changedInstallation.expecting(1, store, { ...values, scopesBefore: before.scopes, kindBefore: before.kind })
}

const firstInstallation = new PreparedQuery((db, row: InstallationRow) =>
  insertActive(db, row).onConflict(conflict => conflict.columns(INSTALLATION_KEY).doNothing()),
)

const changedInstallation = new PreparedQuery(
  (db, row: InstallationRow & { scopesBefore: string; kindBefore: InstallationRow['kind'] }) =>
    insertActive(db, row).onConflict(conflict =>
      conflict
        .columns(INSTALLATION_KEY)
        .doUpdateSet({
          scopes: row.scopes,
          updated_at: row.updated_at,
          kind: row.kind,
          installed_by: row.installed_by,
        })
        .where('installations.scopes', '=', row.scopesBefore)
        .where('installations.kind', '=', row.kindBefore),
    ),
)

function insertActive(db: Store['db'], row: InstallationRow) {
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
      sql<InstallationRow['kind']>`cast(${row.kind} as text)`.as('kind'),
      sql<number | null>`cast(${row.installed_by} as bigint)`.as('installed_by'),
      sql<InstallationRow['audience']>`cast(${row.audience} as text)`.as('audience'),
    ])
    .where('m.company_id', '=', row.company_id)
    .where('m.user_id', '=', row.user_id)
    .where('m.active', '=', 1)
    .where('m.user_active', '=', 1)
    .where('c.suspended_at', 'is', null)
  return db.insertInto('installations').columns(columns.installations).expression(active)
}

/**
 * Holds only while the app is installed with exactly these scopes. It touches the row, so that a removal at the same
 * moment comes before, and is noticed, or after, and ends what this write gives.
 */
export function requireInstallation(
  store: Store,
  { company_id, user_id, client_id, scopes }: InstallationKey & { scopes: string },
): Statement {
  return unchanged.expecting(1, store, { company_id, user_id, client_id, scopes })
}

const unchanged = new PreparedQuery(
  (db, { company_id, user_id, client_id, scopes }: InstallationKey & { scopes: string }) =>
    db
      .updateTable('installations')
      .set({ scopes })
      .where('company_id', '=', company_id)
      .where('user_id', '=', user_id)
      .where('client_id', '=', client_id)
      .where('scopes', '=', scopes),
)

const byKey = new PreparedQuery((db, { company_id, user_id, client_id }: InstallationKey) =>
  db
    .selectFrom('installations')
    .select(columns.installations)
    .where('company_id', '=', company_id)
    .where('user_id', '=', user_id)
    .where('client_id', '=', client_id),
)

export function findInstallation(store: Store, key: InstallationKey): Promise<InstallationRow | undefined> {
  const { company_id, user_id, client_id } = key
  return byKey.first(store, { company_id, user_id, client_id })
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
  only: { companyIds?: readonly number[]; userId?: number; clientId?: string; kind?: 'company' } & ListPage = {},
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
  if (only.kind) query = query.where('i.kind', '=', sql.lit(only.kind))
  const ordered = query.orderBy('i.created_at', 'desc').orderBy('i.company_id').orderBy('i.user_id')
  return paged(ordered, only).execute()
}
