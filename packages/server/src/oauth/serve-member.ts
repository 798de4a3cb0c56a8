import type { Runtime } from '../config/runtime.ts'
import type { PageContext } from '../http/environment.ts'
import { storedResources } from '../resource-servers/resolve.ts'
import { listResourceScopes } from '../store/queries/resource-servers.ts'
import { isSubset, storedScopes, withoutBlocked } from '../tokens/scopes.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { grantCodeAgain, installAndGrantCode } from './grant-code.ts'
import type { Leave } from './leave.ts'

/**
 * Gives a code without asking, where the company's installation serves the member.
 * @returns undefined where they must be asked
 * @throws {WriteConflict} where what it rests on has changed since
 */
export async function serveMember(
  c: PageContext,
  { request: asked, verdict, own }: Leave,
  companyId: number,
): Promise<string | undefined> {
  if (verdict.outcome !== 'allowed' || !verdict.served) return undefined
  const { served, said, conditions } = verdict
  if (said && said.left_out_at !== null) return undefined
  const scopes = withoutBlocked(asked.scopes, said?.withheld ?? null)
  if (scopes.length === 0 || !isSubset(scopes, storedScopes(served.scopes))) return undefined
  const request = { ...asked, scopes }
  if (request.device || request.prompt.includes('consent') || !isKnowableClient(request)) return undefined
  if (!(await eachOwnsOneOf(c.var.runtime, request))) return undefined
  if (own && isSubset(request.scopes, storedScopes(own.scopes))) return grantCodeAgain(c, request, own, conditions)
  // What they allowed themselves is theirs to widen.
  if (own?.kind === 'user') return undefined
  return installAndGrantCode(c, request, companyId, { kind: 'member', before: own, conditions })
}

/**
 * Whether only the app itself can get the answer. Any program on the device can listen on a loopback port or claim a private-use scheme,
 * and a public client has no secret to show: then the person must be asked each time (RFC 8252 section 8.6).
 */
export function isKnowableClient({ app, redirectUri }: AuthorizationRequest): boolean {
  return !app.isPublic || new URL(redirectUri).protocol === 'https:'
}

/**
 * Whether each resource server that is asked for owns one of the scopes: to know who someone is may be allowed already; to use a
 * resource server is not, without a scope of its own.
 */
export async function eachOwnsOneOf({ store }: Runtime, { resources, scopes }: AuthorizationRequest): Promise<boolean> {
  const ids = storedResources(resources)
  if (ids.length === 0) return true
  const owned = (await listResourceScopes(store)).filter(({ scope }) => scopes.includes(scope))
  return ids.every(id => owned.some(row => row.resource_server_id === id))
}
