import type { Selectable } from 'kysely'
import type { AppOwnersTable } from '../app-schema.ts'
import { columns, columnsAs } from '../columns.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import type { AppRow } from './apps.ts'

export type AppOwnerRow = Selectable<AppOwnersTable>
type OwnerKey = Pick<AppOwnerRow, 'company_id' | 'client_id' | 'user_id'>

/** Active members of a company that may register apps for it: all, or the administrators, as the company says. */
function developersOf({ db }: Store, companyId: number, userId: number) {
  return db
    .selectFrom('memberships as m')
    .innerJoin('companies as c', 'c.company_id', 'm.company_id')
    .select('m.user_id')
    .where('m.company_id', '=', companyId)
    .where('m.user_id', '=', userId)
    .where('m.active', '=', 1)
    .where('m.user_active', '=', 1)
    .where('c.suspended_at', 'is', null)
    .where(eb =>
      eb.or([
        eb('c.developers', '=', 'members'),
        eb.and([eb('c.developers', '=', 'admins'), eb('m.is_admin', '=', 1)]),
      ]),
    )
}

/** Of these, for one app that the company develops: its owners, and the administrators of the company. */
function ownersOf(store: Store, companyId: number, userId: number, clientId: string) {
  return developersOf(store, companyId, userId)
    .innerJoin('apps as a', 'a.company_id', 'm.company_id')
    .leftJoin('app_owners as o', join =>
      join
        .onRef('o.company_id', '=', 'm.company_id')
        .onRef('o.user_id', '=', 'm.user_id')
        .onRef('o.client_id', '=', 'a.client_id'),
    )
    .where('a.client_id', '=', clientId)
    .where('a.company_id', '=', companyId)
    .where(eb => eb.or([eb('m.is_admin', '=', 1), eb('o.user_id', 'is not', null)]))
}

/** Holds only while someone may register apps for the company. */
export function requireDeveloper(store: Store, companyId: number, userId: number): Statement {
  return expecting(1, developersOf(store, companyId, userId))
}

/** Holds only while someone may change this app for the company. */
export function requireOwner(store: Store, companyId: number, userId: number, clientId: string): Statement {
  return expecting(1, ownersOf(store, companyId, userId, clientId))
}

export async function isDeveloper(store: Store, companyId: number, userId: number): Promise<boolean> {
  return (await developersOf(store, companyId, userId).executeTakeFirst()) !== undefined
}

export async function isOwner(store: Store, companyId: number, userId: number, clientId: string): Promise<boolean> {
  return (await ownersOf(store, companyId, userId, clientId).executeTakeFirst()) !== undefined
}

type OwnedApp = Pick<AppRow, 'client_id' | 'name' | 'icon_type' | 'disabled_at' | 'published_at' | 'created_at'>

/** Apps that a company develops, in the order of their client ids. @param ownerId only those that this person owns */
export function pageOfOwnApps(
  { db }: Store,
  { companyId, ownerId, after, limit }: { companyId: number; ownerId?: number; after?: string; limit: number },
): Promise<OwnedApp[]> {
  let query = db
    .selectFrom('apps as a')
    .select(columnsAs('a', ['client_id', 'name', 'icon_type', 'disabled_at', 'published_at', 'created_at']))
    .where('a.company_id', '=', companyId)
  if (ownerId !== undefined) {
    query = query
      .innerJoin('app_owners as o', join =>
        join.onRef('o.company_id', '=', 'a.company_id').onRef('o.client_id', '=', 'a.client_id'),
      )
      .where('o.company_id', '=', companyId)
      .where('o.user_id', '=', ownerId)
  }
  if (after !== undefined) query = query.where('a.client_id', '>', after)
  return query.orderBy('a.client_id').limit(limit).execute()
}

/** Holds only while a company develops fewer apps than it may; others that are registered at the moment wait for the company's row. */
export function requireFewerApps({ db }: Store, companyId: number, most: number): Statement[] {
  const ofCompany = db.selectFrom('apps').where('company_id', '=', companyId)
  return [
    statement(
      db
        .updateTable('companies')
        .set(eb => ({ developers: eb.ref('developers') }))
        .where('company_id', '=', companyId),
    ),
    expecting(
      1,
      db
        .selectFrom('companies')
        .select('company_id')
        .where('company_id', '=', companyId)
        .where(
          ofCompany.select(eb => eb.fn.countAll<number>().as('count')),
          '<',
          most,
        ),
    ),
  ]
}

/** The owners of an app, with the names that they have at the company. */
export function listAppOwners(
  { db }: Store,
  { company_id, client_id }: Omit<OwnerKey, 'user_id'>,
): Promise<(AppOwnerRow & { name: string; email: string })[]> {
  return db
    .selectFrom('app_owners as o')
    .innerJoin('memberships as m', join =>
      join.onRef('m.company_id', '=', 'o.company_id').onRef('m.user_id', '=', 'o.user_id'),
    )
    .select(columnsAs('o', columns.app_owners))
    .select(['m.name', 'm.email'])
    .where('o.company_id', '=', company_id)
    .where('o.client_id', '=', client_id)
    .orderBy('o.added_at')
    .orderBy('o.user_id')
    .execute()
}

/** Someone who is an owner already stays one. */
export function insertAppOwner({ db }: Store, row: AppOwnerRow): Statement {
  return statement(
    db
      .insertInto('app_owners')
      .values(row)
      .onConflict(conflict => conflict.columns(['company_id', 'client_id', 'user_id']).doNothing()),
  )
}

/** Holds only if there is such an owner. */
export function deleteAppOwner({ db }: Store, { company_id, client_id, user_id }: OwnerKey): Statement {
  return expecting(
    1,
    db
      .deleteFrom('app_owners')
      .where('company_id', '=', company_id)
      .where('client_id', '=', client_id)
      .where('user_id', '=', user_id),
  )
}

export function deleteOwnersOfApp({ db }: Store, companyId: number, clientId: string): Statement {
  return statement(db.deleteFrom('app_owners').where('company_id', '=', companyId).where('client_id', '=', clientId))
}

/** Holds only while the company develops the app. */
export function requireAppOf({ db }: Store, companyId: number, clientId: string): Statement {
  return expecting(
    1,
    db.selectFrom('apps').select('client_id').where('client_id', '=', clientId).where('company_id', '=', companyId),
  )
}

/** Holds only while an app is for the company that develops it alone. */
export function requirePrivate({ db }: Store, clientId: string): Statement {
  return expecting(
    1,
    db
      .selectFrom('apps')
      .select('client_id')
      .where('client_id', '=', clientId)
      .where('company_id', 'is not', null)
      .where('published_at', 'is', null),
  )
}
