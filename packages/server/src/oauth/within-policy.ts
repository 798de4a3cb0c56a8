import { judgeApp, type Verdict } from '../apps/app-verdict.ts'
import type { RequestContext } from '../http/environment.ts'
import { findCompany } from '../store/queries/companies.ts'
import type { MembershipWithCompany } from '../store/queries/memberships.ts'
import { isListed } from '../tokens/scopes.ts'
import { AuthorizationError } from './authorization-answer.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

/**
 * A request without the scopes that the company lets no app have.
 * @throws {AuthorizationError} `access_denied` where none is left
 */
export async function withinPolicy(
  c: RequestContext,
  request: AuthorizationRequest,
  companyId: number,
): Promise<AuthorizationRequest> {
  const company = await findCompany(c.var.runtime.store, companyId)
  const blocked = company?.blocked_scopes ?? null
  if (blocked === null) return request
  const scopes = request.scopes.filter(scope => !isListed(blocked, scope))
  if (scopes.length > 0) return { ...request, scopes }
  throw new AuthorizationError(request, 'access_denied', 'The company allows the app none of these scopes.')
}

/** Whether the signed-in person may allow the app there. */
export function judge(
  c: RequestContext,
  { app, scopes }: AuthorizationRequest,
  membership: MembershipWithCompany,
): Promise<Verdict> {
  return judgeApp(c.var.runtime, app, membership, scopes)
}
