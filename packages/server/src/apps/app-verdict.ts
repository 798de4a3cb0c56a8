import type { Runtime } from '../config/runtime.ts'
import { isBlockedApp } from '../store/blocked-apps.ts'
import {
  type AppRequestRow,
  findAppPolicy,
  findAppRequest,
  requireAllowedRequest,
  requirePolicy,
} from '../store/queries/app-policies.ts'
import { type CompanyRow, findCompany } from '../store/queries/companies.ts'
import type { MembershipRow } from '../store/queries/memberships.ts'
import type { Statement } from '../store/store.ts'
import { isSubset, storedScopes } from '../tokens/scopes.ts'
import type { App } from './app.ts'

/** Whether someone may allow an app at their company. */
export type Verdict =
  | {
      outcome: 'allowed'
      /** What it rests on: conditions of the write that follows. */
      conditions: Statement[]
    }
  | { outcome: 'blocked' }
  /** An administrator must say so first. */
  | { outcome: 'ask'; request: AppRequestRow | undefined }

type Member = Pick<MembershipRow, 'company_id' | 'user_id' | 'is_admin'>

/**
 * What a company lets one of its members do with an app. A decision on the app comes before the default, and an administrator
 * need not ask.
 */
export async function judgeApp(
  runtime: Runtime,
  app: App,
  member: Member,
  scopes: readonly string[],
): Promise<Verdict> {
  const { store } = runtime
  const key = { company_id: member.company_id, client_id: app.clientId }
  const [company, decision] = await Promise.all([findCompany(store, member.company_id), findAppPolicy(store, key)])
  if (!company || isBlockedApp(null, company.blocked_hosts, app.clientId)) return { outcome: 'blocked' }
  const rule = decision?.decision ?? defaultFor(company, app)
  const conditions = requirePolicy(store, company, app.clientId, decision)
  if (rule === 'allowed' || (rule === 'ask' && member.is_admin === 1)) return { outcome: 'allowed', conditions }
  if (rule === 'blocked') return { outcome: 'blocked' }
  const request = await findAppRequest(store, { ...key, user_id: member.user_id })
  const isAnswered = request?.decision === 'allowed' && isSubset(scopes, storedScopes(request.scopes))
  if (!isAnswered) return { outcome: 'ask', request }
  return { outcome: 'allowed', conditions: [...conditions, requireAllowedRequest(store, request)] }
}

function defaultFor({ app_policy }: CompanyRow, app: App): 'allowed' | 'blocked' | 'ask' {
  if (app_policy === 'allow') return 'allowed'
  if (app_policy === 'verified') return app.verifiedAt === null ? 'ask' : 'allowed'
  return app_policy === 'listed' ? 'blocked' : 'ask'
}
