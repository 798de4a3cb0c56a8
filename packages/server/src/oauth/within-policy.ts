import { judgeApp, type Verdict } from '../apps/app-verdict.ts'
import type { RequestContext } from '../http/environment.ts'
import { findCompany } from '../store/queries/companies.ts'
import type { MembershipWithCompany } from '../store/queries/memberships.ts'
import { withoutBlocked } from '../tokens/scopes.ts'
import { AuthorizationError } from './authorization-answer.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

/**
 * A request without the scopes that the company lets no app have.
 * @param blocked as the company's row has them
 * @throws {AuthorizationError} `access_denied` where none is left
 */
export function withinPolicy(request: AuthorizationRequest, blocked: string | null): AuthorizationRequest {
  const scopes = withoutBlocked(request.scopes, blocked)
  if (scopes.length > 0 || request.scopes.length === 0) return { ...request, scopes }
  throw new AuthorizationError(request, 'access_denied', 'The company allows the app none of these scopes.')
}

/** The same for the company that a page names, whether the person is a member there or not. */
export async function withinPolicyOf(
  c: RequestContext,
  request: AuthorizationRequest,
  companyId: number,
): Promise<AuthorizationRequest> {
  const company = await findCompany(c.var.runtime.store, companyId)
  return withinPolicy(request, company?.blocked_scopes ?? null)
}

/** Whether the signed-in person may allow the app there. */
export function judge(
  c: RequestContext,
  { app, scopes }: AuthorizationRequest,
  membership: MembershipWithCompany,
): Promise<Verdict> {
  return judgeApp(c.var.runtime, app, membership, scopes)
}
