import { type RawBuilder, sql } from 'kysely'
import { columns, columnsAs } from '../columns.ts'
import type { Store } from '../store.ts'
import type { AppRow } from './apps.ts'

/** Apps that people at a company use, by how many: found by one step for each, however many people there are. */
export async function listAppsInUse(
  { db }: Store,
  companyId: number,
  limit: number,
): Promise<{ client_id: string; people: number }[]> {
  const next = (after: RawBuilder<unknown>) => sql`(SELECT min(client_id) FROM installations
    WHERE company_id = ${companyId} AND client_id > ${after})`
  const { rows } = await sql<{ client_id: string; people: number }>`WITH RECURSIVE used (client_id) AS (
      SELECT ${next(sql`''`)} UNION ALL SELECT ${next(sql`used.client_id`)} FROM used WHERE used.client_id IS NOT NULL
    ) SELECT client_id, (SELECT count(*) FROM installations
      WHERE company_id = ${companyId} AND client_id = used.client_id AND kind <> 'company') AS people
    FROM used WHERE client_id IS NOT NULL LIMIT ${sql.lit(limit)}`.execute(db)
  return rows.map(({ client_id, people }) => ({ client_id, people: Number(people) }))
}

export async function findApps({ db }: Store, clientIds: readonly string[]): Promise<Map<string, AppRow>> {
  if (clientIds.length === 0) return new Map()
  const rows = await db.selectFrom('apps').select(columns.apps).where('client_id', 'in', clientIds).execute()
  return new Map(rows.map(row => [row.client_id, row]))
}

/** People who have allowed an app at a company, in the order of their ids. */
export function listPeopleOfApp(
  { db }: Store,
  { companyId, clientId, after, limit }: { companyId: number; clientId: string; after: number; limit: number },
) {
  return db
    .selectFrom('installations as i')
    .innerJoin('memberships as m', join =>
      join.onRef('m.company_id', '=', 'i.company_id').onRef('m.user_id', '=', 'i.user_id'),
    )
    .select(['i.user_id', 'i.scopes', 'i.created_at', 'i.kind', 'm.name', 'm.email'])
    .where('i.company_id', '=', companyId)
    .where('i.client_id', '=', clientId)
    .where('i.user_id', '>', after)
    .where('i.kind', '<>', 'company')
    .orderBy('i.user_id')
    .limit(limit)
    .execute()
}

/** Requests that are not answered yet, with who asked. */
export function listOpenRequests({ db }: Store, companyId: number, limit: number) {
  return db
    .selectFrom('app_requests as r')
    .innerJoin('memberships as m', join =>
      join.onRef('m.company_id', '=', 'r.company_id').onRef('m.user_id', '=', 'r.user_id'),
    )
    .select(columnsAs('r', columns.app_requests))
    .select(['m.name', 'm.email'])
    .where('r.company_id', '=', companyId)
    .where('r.decision', 'is', null)
    .orderBy('r.requested_at')
    .limit(limit)
    .execute()
}

/** The names of members, as the company has them. */
export async function findMemberNames({ db }: Store, companyId: number, userIds: readonly number[]) {
  if (userIds.length === 0) return new Map<number, string>()
  const rows = await db
    .selectFrom('memberships')
    .select(['user_id', 'name'])
    .where('company_id', '=', companyId)
    .where('user_id', 'in', userIds)
    .execute()
  return new Map(rows.map(({ user_id, name }) => [user_id, name]))
}
