import type { Selectable } from 'kysely'
import type { CompaniesTable } from '../schema.ts'
import { expecting, type Statement, type Store, statement } from '../store.ts'

export type CompanyRow = Selectable<CompaniesTable>

export function insertCompany({ db }: Store, row: CompanyRow): Statement[] {
  return [
    statement(db.insertInto('companies').values(row)),
    statement(db.insertInto('company_domains').values({ domain: row.domain, company_id: row.company_id })),
  ]
}

export function findCompany({ db }: Store, companyId: number): Promise<CompanyRow | undefined> {
  return db.selectFrom('companies').selectAll().where('company_id', '=', companyId).executeTakeFirst()
}

export function listCompanies({ db }: Store): Promise<CompanyRow[]> {
  return db.selectFrom('companies').selectAll().orderBy('company_id').execute()
}

export function setCompanySuspended({ db }: Store, companyId: number, suspendedAt: number | null): Statement {
  return expecting(
    1,
    db.updateTable('companies').set({ suspended_at: suspendedAt }).where('company_id', '=', companyId),
  )
}
