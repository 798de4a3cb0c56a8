import { z } from 'zod'
import { describeChange, recordEvent } from '../audit/record.ts'
import type { Runtime } from '../config/runtime.ts'
import {
  type CompanyRow,
  deleteCompanyRow,
  deleteDomain,
  findCompany,
  findDomainOwner,
  insertCompany,
  isCompanyDeleted,
  setCompanySuspended,
  updateCompany,
} from '../store/queries/companies.ts'
import { allocateId, reserveIds } from '../store/queries/ids.ts'
import { listMembers } from '../store/queries/memberships.ts'
import { ConstraintViolation, retryOnConflict, type Store, WriteConflict, writeUnlessConflict } from '../store/store.ts'
import { checkInput, displayName, InputError, id, NotFoundError, type Precondition, TakenError } from './input.ts'
import { tryRemoveMember } from './memberships.ts'
import { isUnchanged } from './unchanged.ts'

/** A DNS label: it stands in the company's address. */
export const domainLabel = z
  .string()
  .toLowerCase()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be letters, digits and hyphens, such as universal-exports')

/** What is known of a company. */
export const companyFields = {
  name: displayName,
  domain: domainLabel,
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be two capital letters such as EE')
    .nullish(),
  industry: displayName.nullish(),
}

const newCompany = z.strictObject({ companyId: id.optional(), ...companyFields })
const companyChange = z.strictObject({ ...companyFields, suspended: z.boolean() }).partial()

export type NewCompany = z.input<typeof newCompany>
export type CompanyChange = z.input<typeof companyChange>

/**
 * Creates a company.
 * @returns the row; `company_id` is its permanent id
 * @throws {InputError} if an entry is invalid, or the domain or id is taken
 * @example
 * ```ts
 * import { createCompany } from 'tenantry'
 * const company = await createCompany(runtime, { name: 'Q Branch', domain: 'q-branch', country: 'GB' })
 * console.log(company.company_id)
 * ```
 */
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
    app_policy: 'allow',
    blocked_apps: null,
    blocked_scopes: null,
    blocked_hosts: null,
    developers: 'none',
  }
  try {
    await store.write([
      ...insertCompany(store, row),
      reserveIds(store, 'company', row.company_id),
      recordEvent(runtime, { action: 'company.created', companyId: row.company_id, ...describeCompanyChange({}, row) }),
    ])
  } catch (error) {
    if (!(error instanceof ConstraintViolation || error instanceof WriteConflict)) throw error
    throw await explainTaken(store, row, company.companyId !== undefined)
  }
  return row
}

function describeCompanyChange(before: Partial<CompanyRow>, after: CompanyRow) {
  return describeChange(before, after, ['name', 'domain', 'country', 'industry', 'suspended_at'], { isPerson: false })
}

/** Names the id only where it was given, and not made here. */
async function explainTaken(store: Store, row: CompanyRow, wasIdGiven: boolean): Promise<InputError> {
  if (await isCompanyDeleted(store, row.company_id)) {
    return new TakenError(`The id ${row.company_id} belonged to a company that was deleted, and is never given again.`)
  }
  const owner = await findDomainOwner(store, row.domain)
  if (owner !== undefined) return domainTaken(row.domain, owner)
  return new TakenError(
    wasIdGiven
      ? `The id ${row.company_id} belongs to another company.`
      : 'The company could not be made: another one was made at this moment. Try again.',
  )
}

function domainTaken(domain: string, owner: number): InputError {
  return new TakenError(
    `The domain ${domain} belongs to company ${owner}, or belonged to it. A former domain can be reused after \`tenantry company release-domain ${domain}\`.`,
  )
}

/**
 * Changes a company. A domain that it had stays reserved for it, so that no other company is taken for it.
 * @throws {InputError} if there is no such company, an entry is invalid, or the domain belongs to another company
 * @example
 * ```ts
 * import { setCompany } from 'tenantry'
 * await setCompany(runtime, company.company_id, { name: 'Secret Intelligence Service' })
 * ```
 */
export async function setCompany(runtime: Runtime, companyId: number, input: CompanyChange): Promise<CompanyRow> {
  if (Object.keys(input).length === 0) throw new InputError('Nothing to change. Give at least one option.')
  return changeCompany(runtime, companyId, input)
}

/** The same, if it is as the precondition wants it; nothing is written where nothing differs. */
export function changeCompany(
  runtime: Runtime,
  companyId: number,
  input: CompanyChange,
  precondition: Precondition<CompanyRow> = () => {},
): Promise<CompanyRow> {
  const { store, clock } = runtime
  const { suspended, ...change } = checkInput(companyChange, input)
  return retryOnConflict(async () => {
    const before = await requireCompany(store, companyId)
    precondition(before)
    const columns = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    const after: CompanyRow = { ...before, ...columns }
    if (suspended !== undefined) after.suspended_at = suspended ? (before.suspended_at ?? clock()) : null
    if (isUnchanged(before, after)) return before
    const owner = after.domain === before.domain ? companyId : await findDomainOwner(store, after.domain)
    if (owner !== undefined && owner !== companyId) throw domainTaken(after.domain, owner)
    try {
      await store.write([
        ...updateCompany(store, before, after, owner === undefined),
        recordEvent(runtime, { action: 'company.changed', companyId, ...describeCompanyChange(before, after) }),
      ])
    } catch (error) {
      if (error instanceof ConstraintViolation)
        throw domainTaken(after.domain, (await findDomainOwner(store, after.domain))!)
      throw error
    }
    return after
  })
}

/**
 * Releases a former domain of a company, so that another company can have it.
 * @throws {InputError} if the domain is not reserved, or still in use
 * @example
 * ```ts
 * import { releaseDomain, setCompany } from 'tenantry'
 * await setCompany(runtime, company.company_id, { domain: 'new-domain' })
 * await releaseDomain(runtime, company.domain)
 * ```
 */
export async function releaseDomain(runtime: Runtime, domain: string): Promise<void> {
  const { store } = runtime
  const owner = await findDomainOwner(store, domain)
  if (owner === undefined) throw new InputError(`The domain ${domain} is not reserved.`)
  const company = await findCompany(store, owner)
  if (company?.domain === domain) {
    throw new InputError(`Company ${owner} uses the domain ${domain}. Give the company another domain first.`)
  }
  const event = recordEvent(runtime, { action: 'domain.released', companyId: owner, facts: { domain } })
  if (!(await writeUnlessConflict(store, [deleteDomain(store, domain, owner), event]))) {
    throw new InputError(`The domain ${domain} was changed concurrently. Check it and try again.`)
  }
}

/** Members that a deleted company loses in one go. */
const DELETED_AT_ONCE = 100

/**
 * Deletes a company with its memberships, installations and tokens; apps get uninstall callbacks. The id and the domains
 * stay taken. The next call finishes an interrupted one; until then the company is suspended.
 * @returns how many memberships ended
 * @throws {InputError} if there is no such company
 * @example
 * ```ts
 * import { deleteCompany } from 'tenantry'
 * const memberships = await deleteCompany(runtime, company.company_id)
 * console.log(memberships)
 * ```
 */
export async function deleteCompany(runtime: Runtime, companyId: number): Promise<number> {
  const { store, clock } = runtime
  await setSuspended(runtime, companyId, true)
  let ended = 0
  for (;;) {
    const members = await listMembers(store, { companyId, limit: DELETED_AT_ONCE, withAppUsers: true })
    for (const { user_id, app_client_id } of members) {
      if ((await tryRemoveMember(runtime, companyId, user_id)) && app_client_id === null) ended += 1
    }
    if (members.length > 0) continue
    const event = recordEvent(runtime, { action: 'company.deleted', companyId, facts: { memberships: ended } })
    if (await writeUnlessConflict(store, [...deleteCompanyRow(store, companyId, clock()), event])) return ended
  }
}

/** @throws {InputError} when there is no such company */
export async function requireCompany(store: Store, companyId: number): Promise<CompanyRow> {
  const company = await findCompany(store, companyId)
  if (!company) throw new NotFoundError(`There is no company ${companyId}.`)
  return company
}

/**
 * Suspends a company: its tokens are refused from the next request on. Or resumes it: they are valid again.
 * @throws {InputError} if there is no such company
 * @example
 * ```ts
 * import { setSuspended } from 'tenantry'
 * await setSuspended(runtime, company.company_id, true)
 * await setSuspended(runtime, company.company_id, false)
 * ```
 */
export async function setSuspended(runtime: Runtime, companyId: number, suspended: boolean): Promise<void> {
  const { store, clock } = runtime
  try {
    await store.write([
      setCompanySuspended(store, companyId, suspended ? clock() : null),
      recordEvent(runtime, { action: 'company.changed', companyId, facts: { suspended } }),
    ])
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error
    throw new NotFoundError(`There is no company ${companyId}.`)
  }
}
