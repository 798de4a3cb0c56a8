import type { RequestContext } from '../http/environment.ts'
import { limitsFor } from '../sign-in/external-session.ts'
import { listMembershipsOfUser, type MembershipWithCompany } from '../store/queries/memberships.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

/** Where the signed-in user may allow an app now. */
export async function listActiveMemberships(
  c: RequestContext,
  { app, onlyCompanyId }: Pick<AuthorizationRequest, 'app' | 'onlyCompanyId'>,
): Promise<MembershipWithCompany[]> {
  const { company_id: onlyCompany } = limitsFor(c, app.clientId)
  const memberships = await listMembershipsOfUser(c.var.runtime.store, c.var.signedIn!.user.user_id)
  return memberships.filter(
    membership =>
      membership.active === 1 &&
      membership.user_active === 1 &&
      membership.company_suspended_at === null &&
      (onlyCompany === undefined || membership.company_id === onlyCompany) &&
      (onlyCompanyId === undefined || membership.company_id === onlyCompanyId),
  )
}
