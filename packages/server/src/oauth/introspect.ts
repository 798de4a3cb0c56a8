import type { App } from '../apps/apps.ts'
import type { Runtime } from '../config/runtime.ts'
import type { FormEndpoint } from '../http/environment.ts'
import { OAuthError } from '../http/errors.ts'
import { type Parameters, readOAuthForm } from '../http/form.ts'
import { formatSubject } from '../openid/subject.ts'
import { findAccessToken } from '../store/queries/access-tokens.ts'
import { findActiveMembership } from '../store/queries/active-memberships.ts'
import { findRefreshToken } from '../store/queries/refresh-tokens.ts'
import { listResourceScopes, type ResourceServerRow } from '../store/queries/resource-servers.ts'
import { formatScopes, intersection, storedScopes, withoutBlocked } from '../tokens/scopes.ts'
import { hashSecret, isAccessTokenKind, parseToken } from '../tokens/token-text.ts'
import { authenticateIntrospector } from './client-authentication.ts'
import { requireParameter } from './grants/grant.ts'
import { describeForResource } from './introspect-for-resource.ts'
import { refuseSecretsInQuery } from './token.ts'

/**
 * `POST /oauth/introspect` (RFC 7662): a confidential client learns of its own tokens, a resource server of those that are
 * meant for it, and nothing of others'.
 */
export const introspect: FormEndpoint = async c => {
  refuseSecretsInQuery(c)
  const form = await readOAuthForm(c)
  const client = await authenticateIntrospector(c, form)
  if ('server' in client) return describeForServer(c.var.runtime, client.server, form)
  const token = requireParameter(form, 'token')
  const { app } = client
  if (app.isPublic) throw new OAuthError('invalid_client', 'A public client cannot introspect.', { status: 401 })
  return (await describeToken(c.var.runtime, app, token)) ?? { active: false }
}

/** More than a resource server gathers while one request is under way. */
const MAX_TOKENS = 100

/** One `token`, or many at once: `tokens`, joined by spaces, are answered as `results` in the same order. */
async function describeForServer(runtime: Runtime, server: ResourceServerRow, form: Parameters) {
  const owned = await listResourceScopes(runtime.store, server.resource_server_id)
  const ownScopes = owned.map(({ scope }) => scope)
  const describe = async (token: string) =>
    (await describeForResource(runtime, server, ownScopes, token)) ?? { active: false }
  const tokens = form.get('tokens')?.split(' ')
  if (tokens === undefined) return describe(requireParameter(form, 'token'))
  if (tokens.length > MAX_TOKENS) throw new OAuthError('invalid_request', `tokens: at most ${MAX_TOKENS}.`)
  return { results: await Promise.all(tokens.map(describe)) }
}

async function describeToken(runtime: Runtime, app: App, token: string) {
  const { store, clock, settings } = runtime
  const found = await findToken(runtime, token)
  if (!found || found.client_id !== app.clientId || found.spent || found.expires_at <= clock()) return undefined
  const membership = await findActiveMembership(store, found.company_id, found.user_id, found.client_id)
  if (!membership) return undefined
  const granted = intersection(storedScopes(found.scopes), app.scopes)
  return {
    active: true,
    scope: formatScopes(withoutBlocked(granted, membership.company_blocked_scopes), app.profile),
    client_id: found.client_id,
    username: membership.name,
    token_type: found.tokenType,
    exp: Math.floor(found.expires_at / 1000),
    iat: Math.floor(found.created_at / 1000),
    sub: formatSubject({ companyId: found.company_id, userId: found.user_id }),
    iss: settings.origin,
    company_id: found.company_id,
    user_id: found.user_id,
    ...(found.jkt !== null && { cnf: { jkt: found.jkt } }),
  }
}

async function findToken({ store }: Runtime, token: string) {
  const parsed = parseToken(token)
  if (parsed && isAccessTokenKind(parsed.kind)) {
    const row = await findAccessToken(store, parsed.companyId, hashSecret(token))
    return row && { ...row, tokenType: row.jkt === null ? 'Bearer' : 'DPoP', spent: false }
  }
  if (parsed?.kind === 'rt') {
    const row = await findRefreshToken(store, parsed.companyId, hashSecret(token))
    return row && { ...row, tokenType: 'refresh_token', spent: row.used_at !== null }
  }
  return undefined
}
