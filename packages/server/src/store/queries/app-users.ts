import { columns } from '../columns.ts'
import { type Statement, type Store, statement } from '../store.ts'
import type { MembershipRow } from './memberships.ts'

/** The company's user for an app: no one signs in as it, so there is no user behind it. */
export function insertAppUser({ db }: Store, row: MembershipRow & { app_client_id: string }): Statement {
  return statement(db.insertInto('memberships').values(row))
}

export async function findAppUser(
  { db }: Store,
  companyId: number,
  clientId: string,
): Promise<(MembershipRow & { app_client_id: string }) | undefined> {
  const row = await db
    .selectFrom('memberships')
    .select(columns.memberships)
    .where('app_client_id', '=', clientId)
    .where('company_id', '=', companyId)
    .executeTakeFirst()
  return row && { ...row, app_client_id: clientId }
}

/** Companies that have an app user of an app. @param otherNameThan only those where it has another name */
export async function listCompaniesWithAppUser(
  { db }: Store,
  clientId: string,
  limit: number,
  otherNameThan?: string,
): Promise<number[]> {
  let query = db.selectFrom('memberships').select('company_id').where('app_client_id', '=', clientId)
  if (otherNameThan !== undefined) query = query.where('name', '<>', otherNameThan)
  return (await query.limit(limit).execute()).map(({ company_id }) => company_id)
}

export function renameAppUser(
  { db }: Store,
  { companyId, clientId, name }: { companyId: number; clientId: string; name: string },
  modifiedAt: number,
): Statement {
  return statement(
    db
      .updateTable('memberships')
      .set({ name, modified_at: modifiedAt })
      .where('app_client_id', '=', clientId)
      .where('company_id', '=', companyId),
  )
}

export function deleteAppUser({ db }: Store, companyId: number, clientId: string): Statement {
  return statement(
    db.deleteFrom('memberships').where('app_client_id', '=', clientId).where('company_id', '=', companyId),
  )
}
