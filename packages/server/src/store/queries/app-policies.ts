import type { Selectable } from 'kysely'
import type { AppPoliciesTable, AppRequestsTable } from '../app-schema.ts'
import { columns } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import { asRead } from './as-read.ts'
import type { CompanyRow } from './companies.ts'

export type AppPolicyRow = Selectable<AppPoliciesTable>
export type AppRequestRow = Selectable<AppRequestsTable>

type PolicyKey = Pick<AppPolicyRow, 'company_id' | 'client_id'>
type RequestKey = Pick<AppRequestRow, 'company_id' | 'client_id' | 'user_id'>

/** What a company has said of apps, beside its decisions on single ones. */
export type CompanyPolicyColumns = Pick<
  CompanyRow,
  'company_id' | 'app_policy' | 'blocked_apps' | 'blocked_scopes' | 'blocked_hosts' | 'developers'
>

const byKey = new PreparedQuery((db, { company_id, client_id }: PolicyKey) =>
  db
    .selectFrom('app_policies')
    .select(columns.app_policies)
    .where('company_id', '=', company_id)
    .where('client_id', '=', client_id),
)

export function findAppPolicy(store: Store, { company_id, client_id }: PolicyKey): Promise<AppPolicyRow | undefined> {
  return byKey.first(store, { company_id, client_id })
}

/** Of a company, in the order of their client ids. */
export function pageOfAppPolicies(
  { db }: Store,
  { companyId, after, limit }: { companyId: number; after?: string; limit: number },
): Promise<AppPolicyRow[]> {
  let query = db.selectFrom('app_policies').select(columns.app_policies).where('company_id', '=', companyId)
  if (after !== undefined) query = query.where('client_id', '>', after)
  return query.orderBy('client_id').limit(limit).execute()
}

/** Companies that have decided on an app, or whose members asked for it. */
export async function listCompaniesThatKnow({ db }: Store, clientId: string, limit: number): Promise<number[]> {
  const of = (table: 'app_policies' | 'app_requests' | 'member_access') =>
    db.selectFrom(table).select('company_id').where('client_id', '=', clientId).limit(limit).execute()
  const rows = [...(await of('app_policies')), ...(await of('app_requests')), ...(await of('member_access'))]
  return [...new Set(rows.map(({ company_id }) => company_id))]
}

/** Puts a decision in the place of the one that was read; null removes it. Holds only while that is as it was read. */
export function putAppPolicy(
  { db }: Store,
  key: PolicyKey,
  before: AppPolicyRow | undefined,
  after: AppPolicyRow | null,
): Statement {
  if (!before) return statement(db.insertInto('app_policies').values(after!))
  const asBefore = asRead<'app_policies'>(before)
  const deletion = db.deleteFrom('app_policies').where('company_id', '=', key.company_id)
  if (!after) return expecting(1, deletion.where('client_id', '=', key.client_id).where(asBefore))
  const { decision, decided_at, decided_by } = after
  return expecting(
    1,
    db
      .updateTable('app_policies')
      .set({ decision, decided_at, decided_by })
      .where('company_id', '=', key.company_id)
      .where('client_id', '=', key.client_id)
      .where(asBefore),
  )
}

/** Holds only while the company's policy is as it was read. */
export function updateCompanyPolicy(
  { db }: Store,
  before: CompanyPolicyColumns,
  after: CompanyPolicyColumns,
): Statement {
  return expecting(
    1,
    db
      .updateTable('companies')
      .set(policyOf(after))
      .where('company_id', '=', before.company_id)
      .where(asRead<'companies'>(policyOf(before))),
  )
}

const companyAsRead = new PreparedQuery((db, company: CompanyPolicyColumns) =>
  db
    .selectFrom('companies')
    .select('company_id')
    .where('company_id', '=', company.company_id)
    .where(asRead<'companies'>(policyOf(company))),
)

const anyDecision = new PreparedQuery((db, { company_id, client_id }: PolicyKey) =>
  db
    .selectFrom('app_policies')
    .select('client_id')
    .where('company_id', '=', company_id)
    .where('client_id', '=', client_id),
)

/** Holds only while company and decision say what was read, so that nothing is granted by what was so a moment ago. */
export function requirePolicy(
  store: Store,
  company: CompanyPolicyColumns,
  clientId: string,
  decision: AppPolicyRow | undefined,
): Statement[] {
  const key = { company_id: company.company_id, client_id: clientId }
  return [
    companyAsRead.expecting(1, store, company),
    decision ? requireDecision(store.db, decision) : anyDecision.expecting(0, store, key),
  ]
}

function requireDecision(db: Store['db'], { company_id, client_id, decision }: AppPolicyRow): Statement {
  return expecting(
    1,
    db
      .selectFrom('app_policies')
      .select('client_id')
      .where('company_id', '=', company_id)
      .where('client_id', '=', client_id)
      .where('decision', '=', decision),
  )
}

function policyOf({ app_policy, blocked_apps, blocked_scopes, blocked_hosts, developers }: CompanyPolicyColumns) {
  return { app_policy, blocked_apps, blocked_scopes, blocked_hosts, developers }
}

export function findAppRequest({ db }: Store, key: RequestKey): Promise<AppRequestRow | undefined> {
  return db
    .selectFrom('app_requests')
    .select(columns.app_requests)
    .where('company_id', '=', key.company_id)
    .where('client_id', '=', key.client_id)
    .where('user_id', '=', key.user_id)
    .executeTakeFirst()
}

/** Of a company, in the order of their keys. @param open those that no one has decided, or has */
export function pageOfAppRequests(
  { db }: Store,
  {
    companyId,
    open,
    after,
    limit,
  }: { companyId: number; open?: boolean; after?: { client_id: string; user_id: number }; limit: number },
): Promise<AppRequestRow[]> {
  let query = db.selectFrom('app_requests').select(columns.app_requests).where('company_id', '=', companyId)
  if (open !== undefined) query = query.where('decision', open ? 'is' : 'is not', null)
  if (after) {
    query = query.where(eb =>
      eb.or([
        eb('client_id', '>', after.client_id),
        eb.and([eb('client_id', '=', after.client_id), eb('user_id', '>', after.user_id)]),
      ]),
    )
  }
  return query.orderBy('client_id').orderBy('user_id').limit(limit).execute()
}

/** Puts a request in the place of the one that was read. Holds only while that is as it was read. */
export function putAppRequest({ db }: Store, before: AppRequestRow | undefined, after: AppRequestRow): Statement {
  if (!before) return statement(db.insertInto('app_requests').values(after))
  const { company_id, client_id, user_id, ...values } = after
  return expecting(
    1,
    db
      .updateTable('app_requests')
      .set(values)
      .where('company_id', '=', company_id)
      .where('client_id', '=', client_id)
      .where('user_id', '=', user_id)
      .where(asRead<'app_requests'>(before)),
  )
}

/** Holds only while a request was allowed, for these scopes. */
export function requireAllowedRequest({ db }: Store, request: AppRequestRow): Statement {
  return expecting(
    1,
    db
      .selectFrom('app_requests')
      .select('client_id')
      .where('company_id', '=', request.company_id)
      .where('client_id', '=', request.client_id)
      .where('user_id', '=', request.user_id)
      .where('decision', '=', 'allowed')
      .where('scopes', '=', request.scopes),
  )
}

export function deleteAppRequests({ db }: Store, companyId: number, clientId: string): Statement {
  return statement(db.deleteFrom('app_requests').where('company_id', '=', companyId).where('client_id', '=', clientId))
}

/** How many people use an app at a company: its app user is none of them. @param kind only those whom the company's installation serves */
export async function countInstallations(
  { db }: Store,
  { company_id, client_id }: PolicyKey,
  kind?: 'member',
): Promise<number> {
  const { people } = await db
    .selectFrom('installations')
    .select(eb => eb.fn.countAll<number>().as('people'))
    .where('company_id', '=', company_id)
    .where('client_id', '=', client_id)
    .where('kind', kind ? '=' : '<>', kind ?? 'company')
    .executeTakeFirstOrThrow()
  return Number(people)
}
