import type { PageContext } from '../http/environment.ts'
import { limitsFor } from '../sign-in/external-session.ts'
import { isInForce, listMembershipsOfUser, type MembershipWithCompany } from '../store/queries/memberships.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

/** Where the signed-in user may allow an app now. */
export async function listActiveMemberships(
  c: PageContext,
  { app, onlyCompanyId }: Pick<AuthorizationRequest, 'app' | 'onlyCompanyId'>,
): Promise<MembershipWithCompany[]> {
  const { company_id: onlyCompany } = limitsFor(c, app.clientId)
  const memberships = await listMembershipsOfUser(c.var.runtime.store, c.var.signedIn!.user.user_id)
  return memberships.filter(
    membership =>
      isInForce(membership) &&
      (onlyCompany === undefined || membership.company_id === onlyCompany) &&
      (onlyCompanyId === undefined || membership.company_id === onlyCompanyId),
  )
}
