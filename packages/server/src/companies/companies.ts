import { z } from 'zod'
import type { Runtime } from '../config/runtime.ts'
import { type CompanyRow, insertCompany, setCompanySuspended } from '../store/queries/companies.ts'
import { allocateId, reserveIds } from '../store/queries/ids.ts'
import { ConstraintViolation, WriteConflict } from '../store/store.ts'
import { checkInput, displayName, InputError, id } from './input.ts'

const newCompany = z.strictObject({
  companyId: id.optional(),
  name: displayName,
  /** A DNS label: it stands in the company's address. */
  domain: z
    .string()
    .toLowerCase()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be letters, digits and hyphens, such as universal-exports'),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be two capital letters such as EE')
    .nullish(),
  industry: displayName.nullish(),
})

export type NewCompany = z.input<typeof newCompany>

/** @throws {InputError} when an entry makes no sense or the domain or id is taken */
export async function createCompany(runtime: Runtime, input: NewCompany): Promise<CompanyRow> {
  const { store, clock } = runtime
  const company = checkInput(newCompany, input)
  const row: CompanyRow = {
    company_id: company.companyId ?? (await allocateId(store, 'company')),
    name: company.name,
    domain: company.domain,
    country: company.country ?? null,
    industry: company.industry ?? null,
    suspended_at: null,
    created_at: clock(),
  }
  try {
    await store.write([...insertCompany(store, row), reserveIds(store, 'company', row.company_id)])
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    throw new InputError(`The domain ${row.domain} or the id ${row.company_id} belongs to another company.`)
  }
  return row
}

/** From the next request on, tokens of a suspended company are refused; resuming lets them speak again. */
export async function setSuspended({ store, clock }: Runtime, companyId: number, suspended: boolean): Promise<void> {
  try {
    await store.write([setCompanySuspended(store, companyId, suspended ? clock() : null)])
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error
    throw new InputError(`There is no company ${companyId}.`)
  }
}
