import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import { PreparedQuery } from '../prepared-query.ts'
import type { CompaniesTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'
import { asRead } from './as-read.ts'
import { contains, type ListPage, paged } from './lists.ts'

export type CompanyRow = Selectable<CompaniesTable>

/** Holds only if no company with that id was deleted: its id stays taken. */
export function insertCompany({ db }: Store, row: CompanyRow): Statement[] {
  return [
    expecting(0, db.selectFrom('deleted_companies').select('company_id').where('company_id', '=', row.company_id)),
    statement(db.insertInto('companies').values(row)),
    statement(db.insertInto('company_domains').values({ domain: row.domain, company_id: row.company_id })),
  ]
}

const byId = new PreparedQuery((db, { companyId }: { companyId: number }) =>
  db.selectFrom('companies').select(columns.companies).where('company_id', '=', companyId),
)

export function findCompany(store: Store, companyId: number): Promise<CompanyRow | undefined> {
  return byId.first(store, { companyId })
}

/** In the order of their ids. */
export function listCompanies(
  { db }: Store,
  { search, after, ...page }: { search?: string; after?: number } & ListPage = {},
): Promise<CompanyRow[]> {
  let query = db.selectFrom('companies').select(columns.companies).orderBy('company_id')
  if (search !== undefined) query = query.where(contains(['name', 'domain'], search))
  if (after !== undefined) query = query.where('company_id', '>', after)
  return paged(query, page).execute()
}

/** The company that has a domain, or had it and keeps it reserved. */
export async function findDomainOwner({ db }: Store, domain: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('company_domains')
    .select('company_id')
    .where('domain', '=', domain)
    .executeTakeFirst()
  return row?.company_id
}

/** The company that has a domain now. */
export async function findCompanyByDomain(store: Store, domain: string): Promise<CompanyRow | undefined> {
  const owner = await findDomainOwner(store, domain)
  const company = owner === undefined ? undefined : await findCompany(store, owner)
  return company?.domain === domain ? company : undefined
}

/** The domain that it has and those that it had. */
export async function listDomains({ db }: Store, companyId: number): Promise<string[]> {
  const rows = await db
    .selectFrom('company_domains')
    .select('domain')
    .where('company_id', '=', companyId)
    .orderBy('domain')
    .execute()
  return rows.map(row => row.domain)
}

/** Holds only while the company is as it was read; a new domain is a unique violation where it is another's. */
export function updateCompany({ db }: Store, before: CompanyRow, after: CompanyRow, isDomainNew: boolean): Statement[] {
  const { company_id, name, domain, country, industry, suspended_at } = after
  return [
    expecting(
      1,
      db
        .updateTable('companies')
        .set({ name, domain, country, industry, suspended_at })
        .where('company_id', '=', company_id)
        .where(asRead<'companies'>(shown(before))),
    ),
    ...(isDomainNew && domain !== before.domain
      ? [statement(db.insertInto('company_domains').values({ domain, company_id }))]
      : []),
  ]
}

/** What is known of a company but its id. */
function shown({ name, domain, country, industry, suspended_at }: CompanyRow) {
  return { name, domain, country, industry, suspended_at }
}

export async function isCompanyDeleted({ db }: Store, companyId: number): Promise<boolean> {
  const row = await db
    .selectFrom('deleted_companies')
    .select('company_id')
    .where('company_id', '=', companyId)
    .executeTakeFirst()
  return row !== undefined
}

/** Holds only while the domain is that company's. */
export function deleteDomain({ db }: Store, domain: string, companyId: number): Statement {
  return expecting(1, db.deleteFrom('company_domains').where('domain', '=', domain).where('company_id', '=', companyId))
}

/** Holds only while it has no members. The id stays taken. */
export function deleteCompanyRow({ db }: Store, companyId: number, deletedAt: number): Statement[] {
  return [
    expecting(0, db.selectFrom('memberships').select('user_id').where('company_id', '=', companyId).limit(1)),
    expecting(1, db.deleteFrom('companies').where('company_id', '=', companyId)),
    statement(db.insertInto('deleted_companies').values({ company_id: companyId, deleted_at: deletedAt })),
  ]
}

export function setCompanySuspended({ db }: Store, companyId: number, suspendedAt: number | null): Statement {
  return expecting(
    1,
    db.updateTable('companies').set({ suspended_at: suspendedAt }).where('company_id', '=', companyId),
  )
}
