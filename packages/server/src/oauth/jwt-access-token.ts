import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { App } from '../apps/apps.ts'
import type { Runtime } from '../config/runtime.ts'
import { describePerson } from '../openid/claims.ts'
import { toPerson } from '../openid/person.ts'
import { currentSigningKey } from '../openid/signing-keys.ts'
import { formatSubject } from '../openid/subject.ts'
import { identifierFor } from '../resource-servers/identifier.ts'
import { storedResources } from '../resource-servers/resolve.ts'
import { findActiveMembership } from '../store/queries/active-memberships.ts'
import { findResourceServer, listResourceScopes } from '../store/queries/resource-servers.ts'
import type { IssuedTokens } from '../tokens/issue.ts'
import { intersection } from '../tokens/scopes.ts'

/** Seconds: nothing ends such a token before. */
const MAX_LIFETIME = 300
/** What every implementation of RFC 9068 knows (section 2.1). */
const ALGORITHM = 'RS256'

/** An access token that a resource server checks by itself, and its end in milliseconds since 1970. */
export interface JwtAccessToken {
  accessToken: string
  expiresAt: number
}

/**
 * The access token as a JWT (RFC 9068), where it is for one resource server that wants it so.
 * @returns undefined for every other token, which stays opaque
 */
export async function toJwtAccessToken(
  runtime: Runtime,
  app: App,
  tokens: IssuedTokens,
): Promise<JwtAccessToken | undefined> {
  const { store, clock, settings } = runtime
  const ids = storedResources(tokens.resources)
  const server = ids.length === 1 ? await findResourceServer(store, ids[0]!) : undefined
  if (server?.token_format !== 'jwt') return undefined
  const { companyId, userId } = tokens
  const [membership, owned, { keyId, privateKey }] = await Promise.all([
    findActiveMembership(store, companyId, userId, app.clientId),
    listResourceScopes(store, server.resource_server_id),
    currentSigningKey(runtime, ALGORITHM),
  ])
  if (!membership) return undefined
  const ownScopes = owned.map(({ scope }) => scope)
  const person = toPerson(membership, { name: membership.company_name, domain: membership.company_domain })
  const { sub: _, ...who } = describePerson(person, ['profile', 'email'])
  const now = Math.floor(clock() / 1000)
  const end = Math.min(now + MAX_LIFETIME, Math.floor(tokens.expiresAt / 1000))
  const accessToken = await new SignJWT({
    ...(server.describes_users === 1 && who),
    company_id: companyId,
    user_id: userId,
    client_id: app.clientId,
    scope: intersection(tokens.scopes, ownScopes).join(' '),
    ...(tokens.jkt !== null && { cnf: { jkt: tokens.jkt } }),
  })
    .setProtectedHeader({ alg: ALGORITHM, kid: keyId, typ: 'at+jwt' })
    .setIssuer(settings.origin)
    .setSubject(formatSubject({ companyId, userId }))
    .setAudience(identifierFor(server.identifier, membership.company_domain))
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(end)
    .sign(privateKey)
  return { accessToken, expiresAt: end * 1000 }
}
