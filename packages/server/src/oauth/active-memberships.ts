import type { RequestContext } from '../http/environment.ts'
import { listMembershipsOfUser, type MembershipWithCompany } from '../store/queries/memberships.ts'

/** Where the signed-in user may allow an app now. */
export async function listActiveMemberships(c: RequestContext): Promise<MembershipWithCompany[]> {
  const memberships = await listMembershipsOfUser(c.var.runtime.store, c.var.signedIn!.user.user_id)
  return memberships.filter(
    membership => membership.active === 1 && membership.user_active === 1 && membership.company_suspended_at === null,
  )
}
