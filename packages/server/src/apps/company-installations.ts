import { z } from 'zod'
import { recordEvent } from '../audit/record.ts'
import { checkInput, InputError, NotFoundError } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import {
  findCompanyInstallation,
  setAudience,
  touchCompanyInstallation,
} from '../store/queries/company-installations.ts'
import { endInstallationOf, endUnnamed } from '../store/queries/end-installations.ts'
import { findInstallation, type InstallationKey, type InstallationRow } from '../store/queries/installations.ts'
import { findMemberAccess, type MemberAccessRow, putMemberAccess } from '../store/queries/member-access.ts'
import { findMember } from '../store/queries/memberships.ts'
import { withdrawScope } from '../store/queries/withdraw-scopes.ts'
import { retryOnConflict, type Statement } from '../store/store.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { isServed } from './app-verdict.ts'
import { narrowInstallation } from './installations.ts'

/** Which members a company's installation serves: all but those who are excluded, or only those who are named. */
export const AUDIENCES = ['all', 'named'] as const
/** What an administrator says of a member and an app. */
export const ACCESSES = ['allowed', 'excluded'] as const

export const companyInstallationFields = {
  /** Those that it keeps, of those that it has. */
  scopes: z.array(z.string().max(128)).max(200),
  audience: z.enum(AUDIENCES),
}

const companyInstallationChange = z.strictObject(companyInstallationFields).partial()
export type CompanyInstallationChange = z.input<typeof companyInstallationChange>

type Key = Pick<InstallationKey, 'company_id' | 'client_id'>

/**
 * The installation of an app for a whole company.
 * @throws {NotFoundError} if there is none
 */
export async function requireInstalledForCompany({ store }: Runtime, key: Key): Promise<InstallationRow> {
  const found = await findCompanyInstallation(store, key)
  if (found) return found
  throw new NotFoundError(`${key.client_id} is not installed for company ${key.company_id}.`)
}

/**
 * Changes what an app that is installed for a company may do there, and for which members. Scopes that are taken back are lost at the
 * next request, by the company's app user and by each member's token; members who are not served any more lose their tokens.
 * @throws {NotFoundError} if it is not installed for the company
 * @throws {InputError} if none of its scopes is kept
 * @example
 * ```ts
 * import { changeCompanyInstallation } from 'tenantry'
 * const key = { company_id: company.company_id, client_id: app.clientId }
 * await changeCompanyInstallation(runtime, key, { audience: 'named' }).catch(error => console.log(error.message))
 * ```
 */
export async function changeCompanyInstallation(
  runtime: Runtime,
  key: Key,
  input: CompanyInstallationChange,
): Promise<InstallationRow> {
  const { scopes, audience } = checkInput(companyInstallationChange, input)
  const installation = await requireInstalledForCompany(runtime, key)
  if (scopes) await narrowInstallation(runtime, installation, scopes)
  if (audience) await changeAudience(runtime, key, audience)
  return requireInstalledForCompany(runtime, key)
}

function changeAudience(runtime: Runtime, key: Key, audience: 'all' | 'named'): Promise<void> {
  const { store, clock } = runtime
  return retryOnConflict(async () => {
    const before = await requireInstalledForCompany(runtime, key)
    if (before.audience === audience) return
    const { company_id: companyId, user_id: userId, client_id: clientId } = before
    const now = clock()
    await store.write([
      setAudience(store, before, audience, now),
      ...(audience === 'named' ? endUnnamed(store, key, now) : []),
      recordEvent(runtime, { action: 'installation.changed', companyId, userId, clientId, facts: { audience } }),
    ])
  })
}

/**
 * Names a member whom an app that is installed for the company may act for, or excludes one: their tokens end with the commit, and the
 * app gets none for them here. Null takes back what was said.
 * @returns what is said now
 * @throws {NotFoundError} if the app is not installed for the company, or the user is no member of it
 * @example
 * ```ts
 * import { setMemberAccess } from 'tenantry'
 * const key = { company_id: company.company_id, client_id: app.clientId, user_id: user.user_id }
 * await setMemberAccess(runtime, key, 'excluded').catch(error => console.log(error.message))
 * ```
 */
export function setMemberAccess(
  runtime: Runtime,
  key: InstallationKey,
  access: MemberAccessRow['access'],
): Promise<MemberAccessRow['access']> {
  const { store, clock } = runtime
  const { company_id: companyId, user_id: userId, client_id: clientId } = key
  return retryOnConflict(async () => {
    const installation = await requireInstalledForCompany(runtime, key)
    if (!(await findMember(store, companyId, userId))) {
      throw new NotFoundError(`User ${userId} is not a member of company ${companyId}.`)
    }
    const before = (await findMemberAccess(store, key))?.access ?? null
    if (before === access) return access
    const now = clock()
    await store.write([
      touchCompanyInstallation(store, installation, now),
      putMemberAccess(store, key, { access }),
      ...(isServed(installation.audience, access) ? [] : endInstallationOf(store, key, now)),
      recordEvent(runtime, { action: 'member_access.changed', companyId, userId, clientId, facts: { access, before } }),
    ])
    return access
  })
}

/**
 * A member leaves out an app that is installed for their company: it loses what it has of them, and gets nothing before they are asked.
 * @returns false if it is not installed for the company
 */
export function leaveOut(runtime: Runtime, key: InstallationKey): Promise<boolean> {
  const { store, clock } = runtime
  const { company_id: companyId, user_id: userId, client_id: clientId } = key
  return retryOnConflict(async () => {
    const installation = await findCompanyInstallation(store, key)
    if (!installation) return false
    const now = clock()
    await store.write([
      touchCompanyInstallation(store, installation, now),
      putMemberAccess(store, key, { left_out_at: now }),
      ...endInstallationOf(store, key, now),
      recordEvent(runtime, { action: 'member_access.changed', companyId, userId, clientId, facts: { left_out: true } }),
    ])
    return true
  })
}

/**
 * A member says what an app that is installed for their company may do for them, within what it may do there.
 * @param keep scopes that it keeps, of the company's; at least one of them
 * @returns false if it is not installed for the company
 * @throws {InputError} if none is kept
 */
export function withholdScopes(runtime: Runtime, key: InstallationKey, keep: readonly string[]): Promise<boolean> {
  const { store, clock } = runtime
  const { company_id: companyId, user_id: userId, client_id: clientId } = key
  return retryOnConflict(async () => {
    const installation = await findCompanyInstallation(store, key)
    if (!installation) return false
    const scopes = storedScopes(installation.scopes)
    const withheld = scopes.filter(scope => !keep.includes(scope))
    if (withheld.length === scopes.length) throw new InputError('scopes: keep at least one, or leave the app out.')
    const own = await findInstallation(store, key)
    const now = clock()
    await store.write([
      touchCompanyInstallation(store, installation, now),
      putMemberAccess(store, key, { withheld: withheld.length > 0 ? withheld.join(' ') : null }),
      ...(own ? withdrawn(runtime, own, withheld) : []),
      recordEvent(runtime, { action: 'member_access.changed', companyId, userId, clientId, facts: { withheld } }),
    ])
    return true
  })
}

/** Takes scopes from a member's installation; it ends where none is left. */
function withdrawn({ store, clock }: Runtime, own: InstallationRow, withheld: readonly string[]): Statement[] {
  const has = storedScopes(own.scopes)
  const lost = has.filter(scope => withheld.includes(scope))
  if (lost.length === has.length) return endInstallationOf(store, own, clock())
  return lost.length > 0 ? withdrawScope(store, own, lost, clock()) : []
}
