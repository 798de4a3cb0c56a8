import { judgeApp, type Verdict } from '../apps/app-verdict.ts'
import type { PageContext } from '../http/environment.ts'
import { findAppStanding } from '../store/queries/app-standing.ts'
import { findCompany } from '../store/queries/companies.ts'
import type { InstallationRow } from '../store/queries/installations.ts'
import type { MembershipWithCompany } from '../store/queries/memberships.ts'
import { intersection, isSubset, storedScopes, withoutBlocked } from '../tokens/scopes.ts'
import { listActiveMemberships } from './active-memberships.ts'
import { AuthorizationError } from './authorization-answer.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

/** For whom an app is installed, as the field `install_for` says it. */
export type InstallFor = 'me' | 'company'

/** What a company lets one of its members do with an app's request. */
export interface Leave {
  /** With the scopes that they may give. */
  request: AuthorizationRequest
  verdict: Verdict
  /** What they have of the app already. */
  own: InstallationRow | undefined
  /** For whom they may install the app. */
  choices: InstallFor[]
}

/**
 * Judges a request for a member of a company: by its policy, and by its installation of the app where it has one, which gives no more
 * than an administrator granted.
 * @throws {AuthorizationError} `access_denied` where no scope is left
 */
export async function findLeave(
  c: PageContext,
  asked: AuthorizationRequest,
  membership: MembershipWithCompany,
): Promise<Leave> {
  const within = withoutBlockedScopes(asked, membership.company_blocked_scopes)
  const { app, device } = within
  const { company_id, user_id } = membership
  const standing = await findAppStanding(c.var.runtime.store, { company_id, user_id, client_id: app.clientId })
  const verdict = await judgeApp(c.var.runtime, app, membership, within.scopes, standing)
  // A device is in one person's hands.
  const mayInstallForCompany = membership.is_admin === 1 && app.install !== 'user' && device === undefined
  const granted = verdict.outcome === 'allowed' && verdict.served ? storedScopes(verdict.served.scopes) : undefined
  const exceeds = granted !== undefined && !isSubset(within.scopes, granted)
  const request = exceeds && !mayInstallForCompany ? narrowed(within, intersection(within.scopes, granted)) : within
  const isServed = granted !== undefined && isSubset(request.scopes, granted)
  return {
    request,
    verdict,
    own: standing?.own,
    choices: [
      ...(app.install !== 'company' || isServed ? ['me' as const] : []),
      ...(mayInstallForCompany ? ['company' as const] : []),
    ],
  }
}

/** A member, and what their company lets them do with a request. */
export interface MemberLeave extends Leave {
  membership: MembershipWithCompany
}

/**
 * What a company lets the signed-in person do with a request.
 * @returns undefined where they are no active member of it
 * @throws {AuthorizationError} as {@link findLeave} does
 */
export async function findLeaveAt(
  c: PageContext,
  asked: AuthorizationRequest,
  companyId: number,
): Promise<MemberLeave | undefined> {
  const membership = (await listActiveMemberships(c, asked)).find(each => each.company_id === companyId)
  return membership && { membership, ...(await findLeave(c, asked, membership)) }
}

/**
 * A request as it is at the company that a page names, whether the person is a member there or not.
 * @param leave what {@link findLeaveAt} found there
 * @throws {AuthorizationError} as {@link findLeave} does
 */
export async function requestAt(
  c: PageContext,
  asked: AuthorizationRequest,
  companyId: number,
  leave: MemberLeave | undefined,
): Promise<AuthorizationRequest> {
  if (leave) return leave.request
  const company = await findCompany(c.var.runtime.store, companyId)
  return withoutBlockedScopes(asked, company?.blocked_scopes ?? null)
}

/** A request without the scopes that the company lets no app have. @param blocked as the company's row has them */
function withoutBlockedScopes(request: AuthorizationRequest, blocked: string | null): AuthorizationRequest {
  return narrowed(request, withoutBlocked(request.scopes, blocked))
}

function narrowed(request: AuthorizationRequest, scopes: string[]): AuthorizationRequest {
  if (scopes.length > 0 || request.scopes.length === 0) return { ...request, scopes }
  throw new AuthorizationError(request, 'access_denied', 'The company allows the app none of these scopes.')
}
