import type { Selectable } from 'kysely'
import { columns } from '../columns.ts'
import { byLength, itemsOf, PreparedQuery } from '../prepared-query.ts'
import type { CompanyLogosTable } from '../schema.ts'
import { type Statement, type Store, statement } from '../store.ts'

export type CompanyLogoRow = Selectable<CompanyLogosTable>

export function putCompanyLogo({ db }: Store, row: CompanyLogoRow): Statement {
  const { company_id, ...values } = row
  return statement(
    db
      .insertInto('company_logos')
      .values(row)
      .onConflict(conflict => conflict.column('company_id').doUpdateSet(values)),
  )
}

export function deleteCompanyLogo({ db }: Store, companyId: number): Statement {
  return statement(db.deleteFrom('company_logos').where('company_id', '=', companyId))
}

export function findCompanyLogo({ db }: Store, companyId: number): Promise<CompanyLogoRow | undefined> {
  return db
    .selectFrom('company_logos')
    .select(columns.company_logos)
    .where('company_id', '=', companyId)
    .executeTakeFirst()
}

const versionsOf = byLength(
  length =>
    new PreparedQuery((db, values: Record<number, number>) =>
      db
        .selectFrom('company_logos')
        .select(['company_id', 'updated_at'])
        .where('company_id', 'in', itemsOf(values, length)),
    ),
)

/** Which of these companies have a logo, and since when. */
export async function listLogoVersions(store: Store, companyIds: readonly number[]): Promise<Map<number, number>> {
  if (companyIds.length === 0) return new Map()
  const rows = await versionsOf(companyIds.length).all(store, { ...companyIds })
  return new Map(rows.map(row => [row.company_id, row.updated_at]))
}
