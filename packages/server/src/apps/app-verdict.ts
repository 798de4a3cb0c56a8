import type { Runtime } from '../config/runtime.ts'
import { isBlockedApp } from '../store/blocked-apps.ts'
import {
  type AppRequestRow,
  findAppRequest,
  requireAllowedRequest,
  requirePolicy,
} from '../store/queries/app-policies.ts'
import type { AppStanding } from '../store/queries/app-standing.ts'
import type { CompanyRow } from '../store/queries/companies.ts'
import { requireCompanyInstallation } from '../store/queries/company-installations.ts'
import type { InstallationRow } from '../store/queries/installations.ts'
import { findMemberAccess, type MemberAccessRow, requireMemberAccess } from '../store/queries/member-access.ts'
import type { MembershipRow } from '../store/queries/memberships.ts'
import type { Statement } from '../store/store.ts'
import { isSubset, storedScopes } from '../tokens/scopes.ts'
import { type App, isOpenTo } from './app.ts'

/** Whether someone may allow an app at their company. */
export type Verdict =
  | {
      outcome: 'allowed'
      /** What it rests on: conditions of the write that follows. */
      conditions: Statement[]
      /** The company's installation that serves the member; undefined where the app is not installed for the company. */
      served?: InstallationRow
      /** What was said of the member there. */
      said?: MemberAccessRow | undefined
    }
  | { outcome: 'blocked' }
  /** It is for the company that develops it, until an operator opens it to others. */
  | { outcome: 'private' }
  /** An administrator must say so first. */
  | { outcome: 'ask'; request: AppRequestRow | undefined }
  /** It is only for whole companies: an administrator must install it. */
  | { outcome: 'install'; request: AppRequestRow | undefined }

type Member = Pick<MembershipRow, 'company_id' | 'user_id' | 'is_admin'>

/**
 * What a company lets one of its members do with an app. A decision on the app comes before the default, and an administrator
 * need not ask.
 * @param standing as it was read; undefined where there is no such company
 */
export async function judgeApp(
  runtime: Runtime,
  app: App,
  member: Member,
  scopes: readonly string[],
  standing: AppStanding | undefined,
): Promise<Verdict> {
  const { store } = runtime
  // Nothing is written of this: what is open stays so.
  if (!isOpenTo(app, member.company_id)) return { outcome: 'private' }
  const key = { company_id: member.company_id, client_id: app.clientId }
  if (!standing || isBlockedApp(null, standing.company.blocked_hosts, app.clientId)) return { outcome: 'blocked' }
  const { company, decision, installation } = standing
  const rule = decision?.decision ?? defaultFor(company, app)
  const conditions = requirePolicy(store, company, app.clientId, decision)
  // An administrator has installed it for the company: that is its leave, unless it was blocked since.
  if (installation) {
    if (decision?.decision === 'blocked') return { outcome: 'blocked' }
    return judgeServed(runtime, installation, member.user_id, conditions)
  }
  if (rule !== 'blocked' && app.install === 'company' && member.is_admin !== 1) {
    return { outcome: 'install', request: await findAppRequest(store, { ...key, user_id: member.user_id }) }
  }
  if (rule === 'allowed' || (rule === 'ask' && member.is_admin === 1)) return { outcome: 'allowed', conditions }
  if (rule === 'blocked') return { outcome: 'blocked' }
  const request = await findAppRequest(store, { ...key, user_id: member.user_id })
  const isAnswered = request?.decision === 'allowed' && isSubset(scopes, storedScopes(request.scopes))
  if (!isAnswered) return { outcome: 'ask', request }
  return { outcome: 'allowed', conditions: [...conditions, requireAllowedRequest(store, request)] }
}

/** Whether a company's installation serves a member of whom this was said. */
export function isServed(audience: InstallationRow['audience'], access: MemberAccessRow['access'] = null): boolean {
  return audience === 'named' ? access === 'allowed' : access !== 'excluded'
}

/** Whether a company's installation serves a member: then it need not be allowed again, and otherwise they may not use the app at all. */
async function judgeServed(
  { store }: Runtime,
  installation: InstallationRow,
  userId: number,
  conditions: readonly Statement[],
): Promise<Verdict> {
  const key = { company_id: installation.company_id, client_id: installation.client_id, user_id: userId }
  const said = await findMemberAccess(store, key)
  if (!isServed(installation.audience, said?.access)) return { outcome: 'blocked' }
  return {
    outcome: 'allowed',
    served: installation,
    said,
    conditions: [...conditions, requireCompanyInstallation(store, installation), requireMemberAccess(store, key, said)],
  }
}

function defaultFor({ app_policy }: CompanyRow, app: App): 'allowed' | 'blocked' | 'ask' {
  if (app_policy === 'allow') return 'allowed'
  if (app_policy === 'verified') return app.verifiedAt === null ? 'ask' : 'allowed'
  return app_policy === 'listed' ? 'blocked' : 'ask'
}
