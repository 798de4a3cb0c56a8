import type { Runtime } from '../config/runtime.ts'
import { describePerson } from '../openid/claims.ts'
import { toPerson } from '../openid/person.ts'
import { formatSubject } from '../openid/subject.ts'
import { identifierFor } from '../resource-servers/identifier.ts'
import { storedResources } from '../resource-servers/resolve.ts'
import { findAccessToken } from '../store/queries/access-tokens.ts'
import { findActiveMembership } from '../store/queries/active-memberships.ts'
import { findApp } from '../store/queries/apps.ts'
import type { ResourceServerRow } from '../store/queries/resource-servers.ts'
import { intersection, storedScopes, withoutBlocked } from '../tokens/scopes.ts'
import { hashSecret, parseToken } from '../tokens/token-text.ts'

/**
 * What a resource server learns of an access token that is meant for it (RFC 7662 section 2.2): whom it speaks for, at which
 * company, for which app, and what it may do here.
 * @param ownScopes that the resource server owns now
 * @returns undefined for every other token, whatever it is
 */
export async function describeForResource(
  runtime: Runtime,
  server: ResourceServerRow,
  ownScopes: readonly string[],
  token: string,
) {
  const { store, clock, settings } = runtime
  const parsed = parseToken(token)
  if (parsed?.kind !== 'ra' && parsed?.kind !== 'dr') return undefined
  const found = await findAccessToken(store, parsed.companyId, hashSecret(token))
  const isForServer = storedResources(found?.resources ?? null).includes(server.resource_server_id)
  if (!found || !isForServer || found.expires_at <= clock()) return undefined
  const { company_id: companyId, user_id: userId, client_id } = found
  const [membership, app] = await Promise.all([
    findActiveMembership(store, companyId, userId, client_id),
    findApp(store, client_id),
  ])
  if (!membership || !app || app.disabled_at !== null) return undefined
  const registered = intersection(storedScopes(found.scopes), storedScopes(app.scopes))
  const granted = withoutBlocked(registered, membership.company_blocked_scopes)
  const person = toPerson(membership, { name: membership.company_name, domain: membership.company_domain })
  return {
    active: true,
    scope: intersection(granted, ownScopes).join(' '),
    client_id,
    token_type: found.jkt === null ? 'Bearer' : 'DPoP',
    ...(found.jkt !== null && { cnf: { jkt: found.jkt } }),
    exp: Math.floor(found.expires_at / 1000),
    iat: Math.floor(found.created_at / 1000),
    sub: formatSubject({ companyId, userId }),
    aud: identifierFor(server.identifier, membership.company_domain),
    iss: settings.origin,
    company_id: companyId,
    user_id: userId,
    ...(server.describes_users === 1 && describePerson(person, ['profile', 'email'])),
  }
}
