import { z } from 'zod'
import { recordEvent } from '../audit/record.ts'
import { requireCompany } from '../companies/companies.ts'
import { checkInput, InputError, NotFoundError } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import {
  type AppPolicyRow,
  countInstallations,
  deleteAppRequests,
  findAppPolicy,
  listCompaniesThatKnow,
  putAppPolicy,
  updateCompanyPolicy,
} from '../store/queries/app-policies.ts'
import { findApp } from '../store/queries/apps.ts'
import type { CompanyRow } from '../store/queries/companies.ts'
import { findCompanyInstallation } from '../store/queries/company-installations.ts'
import { listInstallations } from '../store/queries/installations.ts'
import { deleteMemberAccess } from '../store/queries/member-access.ts'
import { ConstraintViolation, retryOnConflict, WriteConflict } from '../store/store.ts'
import { removeInstallation } from './installations.ts'

/** What holds for apps that a company has not decided on. */
export const DEFAULT_POLICIES = ['allow', 'verified', 'listed', 'ask'] as const
/** Who of a company may register apps for it. */
export const DEVELOPERS = ['none', 'admins', 'members'] as const
export const DECISIONS = ['allowed', 'blocked', 'ask'] as const

/** Apps that one company can block: the list is read at each request. Who blocks more lists what is allowed. */
const MAX_BLOCKED = 200
const MAX_LIST = 100
/** Installations that end in one go. */
const ENDED_AT_ONCE = 200

export const companyPolicyFields = {
  /** `allow` all; `verified`: others must be asked for; `listed`: no others; `ask`: all must be asked for. */
  default: z.enum(DEFAULT_POLICIES),
  /** Scopes that no app has at this company. */
  blockedScopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'must be a scope without spaces'))
    .max(MAX_LIST),
  /** Hosts whose client ID metadata documents describe no app here. */
  blockedHosts: z
    .array(
      z
        .string()
        .toLowerCase()
        .regex(/^[a-z0-9.:[\]-]{1,260}$/, 'must be a host, such as agent.example'),
    )
    .max(MAX_LIST),
  /** Who may register apps for the company: no one, its administrators, or all members. */
  developers: z.enum(DEVELOPERS),
}

const companyPolicy = z.strictObject(companyPolicyFields).partial()
export type CompanyPolicyChange = z.input<typeof companyPolicy>
export type AppDecision = (typeof DECISIONS)[number]

/** Which apps the members of a company may allow. */
export interface CompanyPolicy {
  default: (typeof DEFAULT_POLICIES)[number]
  blockedScopes: string[]
  blockedHosts: string[]
  developers: (typeof DEVELOPERS)[number]
}

export function toCompanyPolicy({ app_policy, blocked_scopes, blocked_hosts, developers }: CompanyRow): CompanyPolicy {
  return { default: app_policy, blockedScopes: listed(blocked_scopes), blockedHosts: listed(blocked_hosts), developers }
}

/**
 * Changes which apps the members of a company may allow. A scope that is blocked is refused for tokens that are out already, from the
 * next request on; the default holds for what is allowed from now on.
 * @throws {InputError} if there is no such company, or an entry is invalid
 * @example
 * ```ts
 * import { setCompanyPolicy } from 'tenantry'
 * await setCompanyPolicy(runtime, company.company_id, { default: 'verified', blockedScopes: ['users:read'] })
 * ```
 */
export function setCompanyPolicy(
  runtime: Runtime,
  companyId: number,
  input: CompanyPolicyChange,
): Promise<CompanyPolicy> {
  const given = checkInput(companyPolicy, input)
  return retryOnConflict(async () => {
    const before = await requireCompany(runtime.store, companyId)
    const after: CompanyRow = {
      ...before,
      ...(given.default && { app_policy: given.default }),
      ...(given.blockedScopes && { blocked_scopes: storeList(given.blockedScopes) }),
      ...(given.blockedHosts && { blocked_hosts: storeList(given.blockedHosts) }),
      ...(given.developers && { developers: given.developers }),
    }
    const policy = toCompanyPolicy(after)
    if (JSON.stringify(policy) === JSON.stringify(toCompanyPolicy(before))) return policy
    const { default: rule, blockedScopes, blockedHosts, developers } = policy
    const facts = { default: rule, blocked_scopes: blockedScopes, blocked_hosts: blockedHosts, developers }
    await runtime.store.write([
      updateCompanyPolicy(runtime.store, before, after),
      recordEvent(runtime, { action: 'app_policy.changed', companyId, facts }),
    ])
    return policy
  })
}

/**
 * Decides on one app for a company: `allowed` whatever the default is, `blocked`: its tokens are refused from the next request on,
 * and it gets no others, or `ask`. Null takes the decision back.
 * @returns the decision that is there now
 * @throws {InputError} if there is no such company or app, or too many are blocked
 * @example
 * ```ts
 * import { setAppPolicy } from 'tenantry'
 * await setAppPolicy(runtime, { companyId: company.company_id, clientId: app.clientId }, 'blocked')
 * ```
 */
export function setAppPolicy(
  runtime: Runtime,
  { companyId, clientId }: { companyId: number; clientId: string },
  decision: AppDecision | null,
): Promise<AppPolicyRow | undefined> {
  const { store, clock } = runtime
  const key = { company_id: companyId, client_id: clientId }
  return retryOnConflict(async () => {
    const company = await requireCompany(store, companyId)
    const before = await findAppPolicy(store, key)
    if (decision === (before?.decision ?? null)) return before
    if (decision !== null && !(await findApp(store, clientId))) {
      throw new NotFoundError(`There is no app ${clientId}.`)
    }
    const others = listed(company.blocked_apps).filter(each => each !== clientId)
    const blocked = decision === 'blocked' ? [...others, clientId] : others
    if (blocked.length > MAX_BLOCKED) {
      throw new InputError(
        `A company can block ${MAX_BLOCKED} apps. Set its default to listed, and allow those that may be used.`,
      )
    }
    const after = decision && { ...key, decision, decided_at: clock(), decided_by: actorText(runtime) }
    try {
      await store.write([
        putAppPolicy(store, key, before, after),
        updateCompanyPolicy(store, company, { ...company, blocked_apps: storeList(blocked) }),
        recordEvent(runtime, {
          action: 'app_policy.changed',
          companyId,
          clientId,
          facts: { decision, before: before?.decision ?? null },
        }),
      ])
    } catch (error) {
      // Someone else has just decided: look again.
      if (error instanceof ConstraintViolation) throw new WriteConflict()
      throw error
    }
    return after ?? undefined
  })
}

/**
 * Ends all installations of an app at a company, with their tokens; the app gets uninstall callbacks. It can be allowed again, unless
 * it is blocked.
 * @returns how many people lost it
 * @example
 * ```ts
 * import { removeAppAt } from 'tenantry'
 * console.log(await removeAppAt(runtime, { companyId: company.company_id, clientId: app.clientId }))
 * ```
 */
export async function removeAppAt(
  runtime: Runtime,
  { companyId, clientId }: { companyId: number; clientId: string },
): Promise<number> {
  const { store } = runtime
  await requireCompany(store, companyId)
  const key = { company_id: companyId, client_id: clientId }
  // The company's first: it would give members others meanwhile.
  const forCompany = await findCompanyInstallation(store, key)
  const served = forCompany ? await countInstallations(store, key, 'member') : 0
  if (forCompany) await removeInstallation(runtime, forCompany)
  for (let ended = served; ; ) {
    const some = await listInstallations(store, { companyIds: [companyId], clientId, limit: ENDED_AT_ONCE })
    const results = await Promise.all(
      some.map(({ company_id, user_id, client_id }) => removeInstallation(runtime, { company_id, user_id, client_id })),
    )
    ended += results.filter(Boolean).length
    if (some.length < ENDED_AT_ONCE) return ended
  }
}

/** Forgets what companies have said of an app that is being deleted: another one may have its client id later. */
export async function forgetApp(runtime: Runtime, clientId: string): Promise<void> {
  const { store } = runtime
  for (;;) {
    const companyIds = await listCompaniesThatKnow(store, clientId, ENDED_AT_ONCE)
    if (companyIds.length === 0) return
    for (const companyId of companyIds) {
      await setAppPolicy(runtime, { companyId, clientId }, null)
      await store.write([deleteAppRequests(store, companyId, clientId), deleteMemberAccess(store, companyId, clientId)])
    }
  }
}

/** Who decided, as it is stored. */
export function actorText({ actor }: Runtime): string {
  return [actor?.type ?? 'library', ...(actor?.id ? [actor.id] : [])].join(' ')
}

function listed(text: string | null): string[] {
  return text === null ? [] : text.split(' ')
}

function storeList(names: readonly string[]): string | null {
  return names.length === 0 ? null : [...new Set(names)].sort().join(' ')
}
