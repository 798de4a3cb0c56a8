import { requireCompany } from '../companies/companies.ts'
import { InputError } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import { deleteOwnersOfApp } from '../store/queries/app-owners.ts'
import type { AppRow } from '../store/queries/apps.ts'
import type { Statement } from '../store/store.ts'
import { isPublished, toApp } from './app.ts'

/** What ends when another company develops an app from now on. @throws {InputError} where it is for its company alone */
export async function handOver({ store }: Runtime, before: AppRow, { company_id }: AppRow): Promise<Statement[]> {
  if (company_id === before.company_id) return []
  if (!isPublished(toApp(before))) {
    const message = `companyId: the app is for company ${before.company_id} alone, and stays with it until it is published.`
    throw new InputError(message, [{ path: 'companyId', message }])
  }
  if (company_id !== null) await requireCompany(store, company_id)
  return before.company_id === null ? [] : [deleteOwnersOfApp(store, before.company_id, before.client_id)]
}
