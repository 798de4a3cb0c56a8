import type { App } from '../../apps/apps.ts'
import type { Runtime } from '../../config/runtime.ts'
import { OAuthError } from '../../http/errors.ts'
import { withoutNonce } from '../../openid/sign-in.ts'
import { isTooFarAhead } from '../../store/clock-skew.ts'
import { findActiveMembership, requireActiveMembership } from '../../store/queries/active-memberships.ts'
import {
  type AuthorizationCodeRow,
  deleteAuthorizationCode,
  findAuthorizationCode,
  spendAuthorizationCode,
} from '../../store/queries/authorization-codes.ts'
import { findInstallation, lockInstallation } from '../../store/queries/installations.ts'
import type { MembershipWithCompany } from '../../store/queries/memberships.ts'
import { retryOnConflict, type Store } from '../../store/store.ts'
import { type IssuedTokens, issueFirstTokens } from '../../tokens/issue.ts'
import { intersection, storedScopes, withoutBlocked } from '../../tokens/scopes.ts'
import { hashSecret, parseToken } from '../../tokens/token-text.ts'
import { checkCodeVerifier } from '../pkce.ts'
import { type Grant, requireParameter } from './grant.ts'
import { narrowResources } from './narrow-resources.ts'
import { endReusedFamily } from './reuse.ts'

/**
 * A code for tokens (RFC 6749 section 4.1.3), once. A second use ends what the first gave (section 4.1.2).
 * @throws {OAuthError} `invalid_request`, `invalid_grant`
 */
export const exchangeAuthorizationCode: Grant = (runtime, app, form, jkt) => {
  const codeText = requireParameter(form, 'code')
  const redirectUri = requireParameter(form, 'redirect_uri')
  return retryOnConflict(async () => {
    const code = await findCode(runtime.store, codeText, app.clientId)
    // A client that cannot show that the code is its own must not end what it gave either.
    checkRedirectUri(code, redirectUri)
    checkCodeVerifier(code.code_challenge, form.get('code_verifier'))
    return redeemCode(runtime, app, code, { resource: form.get('resource'), jkt })
  })
}

/**
 * Gives tokens for a code that its client has shown to be its own.
 * @throws {OAuthError} `invalid_grant`, `invalid_target`
 */
export async function redeemCode(
  runtime: Runtime,
  app: App,
  code: AuthorizationCodeRow,
  { resource, jkt }: { resource: string | undefined; jkt: string | null },
): Promise<IssuedTokens> {
  const { store, clock, settings } = runtime
  if (code.used_at !== null) await endWhatItGave(runtime, code)
  const now = clock()
  const longest = settings.authorizationCodeLifetime * 1000
  if (now >= code.expires_at || isTooFarAhead(code.expires_at, now, longest)) throw refused('The code has expired.')
  const membership = await requireActive(store, code)
  if (code.jkt !== null && code.jkt !== jkt)
    throw refused('The code is bound to another key than the DPoP proof shows.')
  // Who has the secret of a confidential app needs no key besides.
  const family = { ...code, openid: withoutNonce(code.openid), jkt: app.isPublic ? jkt : null }
  const granted = withoutBlocked(intersection(storedScopes(code.scopes), app.scopes), membership.company_blocked_scopes)
  const access = await narrowResources(runtime, code, granted, resource)
  const { tokens, statements } = issueFirstTokens(runtime, family, granted, { ...access, jkt })
  await store.write([
    // What the installation allows may be changed at this moment: one after the other.
    ...lockInstallation(store, code),
    requireActiveMembership(store, code.company_id, code.user_id, code.client_id),
    spendAuthorizationCode(store, code, now),
    ...statements,
  ])
  const isForCompany = membership.app_client_id !== null
  const installation = isForCompany ? await findInstallation(store, code) : undefined
  return { ...tokens, openid: code.openid, ...(installation && { installedBy: installation.installed_by }) }
}

async function findCode(store: Store, text: string, clientId: string): Promise<AuthorizationCodeRow> {
  const parsed = parseToken(text)
  const code =
    parsed?.kind === 'ac' ? await findAuthorizationCode(store, parsed.companyId, hashSecret(text)) : undefined
  if (!code || code.client_id !== clientId) throw refused('The code is unknown or belongs to another client.')
  return code
}

async function endWhatItGave(runtime: Runtime, code: AuthorizationCodeRow): Promise<never> {
  await endReusedFamily(runtime, 'code.reused', code, deleteAuthorizationCode(runtime.store, code))
  throw refused('The code was used before. Its tokens are revoked, because it may have been stolen.')
}

function checkRedirectUri(code: AuthorizationCodeRow, redirectUri: string) {
  if (redirectUri !== code.redirect_uri)
    throw refused('The redirect_uri does not match the one of the authorization request.')
}

async function requireActive(store: Store, code: AuthorizationCodeRow): Promise<MembershipWithCompany> {
  const membership = await findActiveMembership(store, code.company_id, code.user_id, code.client_id)
  if (membership) return membership
  throw refused('The user is not active at this company, or it blocks the app.')
}

function refused(description: string): OAuthError {
  return new OAuthError('invalid_grant', description)
}
