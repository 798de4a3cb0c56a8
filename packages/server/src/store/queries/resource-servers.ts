import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { ResourceScopesTable, ResourceServersTable } from '../resource-schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import { asRead } from './as-read.ts'
import { contains, type ListPage, paged } from './lists.ts'

export type ResourceServerRow = Selectable<ResourceServersTable>
export type ResourceScopeRow = Selectable<ResourceScopesTable>

export function insertResourceServer({ db }: Store, row: ResourceServerRow): Statement {
  return statement(db.insertInto('resource_servers').values(row))
}

export function findResourceServer({ db }: Store, id: number): Promise<ResourceServerRow | undefined> {
  return db
    .selectFrom('resource_servers')
    .select(columns.resource_servers)
    .where('resource_server_id', '=', id)
    .executeTakeFirst()
}

export function findResourceServerByClient({ db }: Store, clientId: string): Promise<ResourceServerRow | undefined> {
  return db
    .selectFrom('resource_servers')
    .select(columns.resource_servers)
    .where('client_id', '=', clientId)
    .executeTakeFirst()
}

/** In the order of their ids. */
export function listResourceServers(
  { db }: Store,
  { search, after, ...page }: { search?: string; after?: number } & ListPage = {},
): Promise<ResourceServerRow[]> {
  let query = db.selectFrom('resource_servers').select(columns.resource_servers).orderBy('resource_server_id')
  if (search !== undefined) query = query.where(contains(['name', 'identifier'], search))
  if (after !== undefined) query = query.where('resource_server_id', '>', after)
  return paged(query, page).execute()
}

/** Holds only while it is as it was read. */
export function updateResourceServer({ db }: Store, before: ResourceServerRow, after: ResourceServerRow): Statement {
  return expecting(1, db.updateTable('resource_servers').set(after).where(asRead<'resource_servers'>(before)))
}

export function deleteResourceServerRow({ db }: Store, id: number): Statement[] {
  return [
    expecting(1, db.deleteFrom('resource_servers').where('resource_server_id', '=', id)),
    deleteResourceScopes({ db } as Store, id),
  ]
}

export function insertResourceScope({ db }: Store, row: ResourceScopeRow): Statement {
  return statement(db.insertInto('resource_scopes').values(row))
}

export function deleteResourceScopes({ db }: Store, id: number): Statement {
  return statement(db.deleteFrom('resource_scopes').where('resource_server_id', '=', id))
}

const allScopes = new PreparedQuery(db =>
  db.selectFrom('resource_scopes').select(columns.resource_scopes).orderBy('scope'),
)
const scopesOf = new PreparedQuery((db, { server }: { server: number }) =>
  db
    .selectFrom('resource_scopes')
    .select(columns.resource_scopes)
    .where('resource_server_id', '=', server)
    .orderBy('scope'),
)

/** In the order of their names. @param only of one server; of all where it is not given */
export function listResourceScopes(store: Store, only?: number): Promise<ResourceScopeRow[]> {
  return only === undefined ? allScopes.all(store, {}) : scopesOf.all(store, { server: only })
}
