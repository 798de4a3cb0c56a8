import { type RawBuilder, sql } from 'kysely'
import { columns, columnsAs } from '../columns.ts'
import type { Store } from '../store.ts'
import type { AppPolicyRow } from './app-policies.ts'
import { type AppFacts, appColumns } from './apps.ts'

/**
 * Apps that people at a company use, and those that it has decided on: found by one step for each, however many people there are.
 * In no order.
 */
export async function listKnownApps(
  { db }: Store,
  companyId: number,
  limit: number,
): Promise<{ client_id: string; name: string }[]> {
  const next = (after: RawBuilder<unknown>) => sql`(SELECT min(client_id) FROM installations
    WHERE company_id = ${companyId} AND client_id > ${after})`
  const { rows } = await sql<{ client_id: string; name: string }>`WITH RECURSIVE used (client_id) AS (
      SELECT ${next(sql`''`)} UNION ALL SELECT ${next(sql`used.client_id`)} FROM used WHERE used.client_id IS NOT NULL
    ), known (client_id) AS (
      SELECT client_id FROM used UNION SELECT client_id FROM app_policies WHERE company_id = ${companyId}
    ) SELECT apps.client_id, apps.name FROM known JOIN apps ON apps.client_id = known.client_id
    LIMIT ${sql.lit(limit)}`.execute(db)
  return rows
}

/**
 * How many people use each of some apps at a company; where there are more than `most`, one more than that or two. An index alone
 * answers, of which the company's own row is taken away.
 */
export async function countPeople(
  { db }: Store,
  companyId: number,
  clientIds: readonly string[],
  most: number,
): Promise<Map<string, number>> {
  if (clientIds.length === 0) return new Map()
  const { rows } = await sql<{ client_id: string; people: number }>`SELECT client_id, (SELECT count(*) FROM (
      SELECT user_id FROM installations
      WHERE company_id = ${companyId} AND client_id = apps.client_id LIMIT ${sql.lit(most + 1)}
    ) AS counted) - (
      SELECT count(*) FROM installations
      WHERE company_id = ${companyId} AND client_id = apps.client_id AND kind = 'company'
    ) AS people FROM apps WHERE client_id IN (${sql.join(clientIds)})`.execute(db)
  return new Map(rows.map(({ client_id, people }) => [client_id, Number(people)]))
}

/** What is decided on some apps at a company, and which of them are installed for it. */
export async function findDecisions({ db }: Store, companyId: number, clientIds: readonly string[]) {
  if (clientIds.length === 0)
    return { decisions: new Map<string, AppPolicyRow['decision']>(), forAll: new Set<string>() }
  const [decided, installed] = await Promise.all([
    db
      .selectFrom('app_policies')
      .select(['client_id', 'decision'])
      .where('company_id', '=', companyId)
      .where('client_id', 'in', clientIds)
      .execute(),
    db
      .selectFrom('installations')
      .select('client_id')
      .where('company_id', '=', companyId)
      .where('client_id', 'in', clientIds)
      .where('kind', '=', 'company')
      .execute(),
  ])
  return {
    decisions: new Map(decided.map(({ client_id, decision }) => [client_id, decision])),
    forAll: new Set(installed.map(({ client_id }) => client_id)),
  }
}

export async function findApps({ db }: Store, clientIds: readonly string[]): Promise<Map<string, AppFacts>> {
  if (clientIds.length === 0) return new Map()
  const rows = await db.selectFrom('apps').select(appColumns).where('client_id', 'in', clientIds).execute()
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
