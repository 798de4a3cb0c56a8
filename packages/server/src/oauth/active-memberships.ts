import type { RequestContext } from '../http/environment.ts'
import { limitsFor } from '../sign-in/external-session.ts'
import { listMembershipsOfUser, type MembershipWithCompany } from '../store/queries/memberships.ts'

/** Where the signed-in user may allow an app now. */
export async function listActiveMemberships(
  c: RequestContext,
  { clientId }: { clientId: string },
): Promise<MembershipWithCompany[]> {
  const { company_id: onlyCompany } = limitsFor(c, clientId)
  const memberships = await listMembershipsOfUser(c.var.runtime.store, c.var.signedIn!.user.user_id)
  return memberships.filter(
    membership =>
      membership.active === 1 &&
      membership.user_active === 1 &&
      membership.company_suspended_at === null &&
      (onlyCompany === undefined || membership.company_id === onlyCompany),
  )
}
