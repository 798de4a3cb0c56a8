import type { Runtime } from '../../config/runtime.ts'
import { OAuthError } from '../../http/errors.ts'
import { deleteExpiredAccessTokens } from '../../store/queries/access-tokens.ts'
import { requireActiveMembership } from '../../store/queries/active-memberships.ts'
import { lockInstallation } from '../../store/queries/installations.ts'
import { putOffRefreshToken, type RefreshTokenRow } from '../../store/queries/refresh-tokens.ts'
import { type Access, accessTokenEnd, type IssuedTokens, storeAccessToken } from '../../tokens/issue.ts'
import { accessTokenKind, newToken } from '../../tokens/token-text.ts'

/**
 * A new access token for a refresh token that stays, and is put off: the FAPI 2.0 Security Profile wants no rotation
 * (section 5.3.2.1).
 * @throws {OAuthError} `invalid_grant`
 */
export async function refreshInPlace(
  runtime: Runtime,
  token: RefreshTokenRow,
  presented: string,
  access: Access,
): Promise<IssuedTokens> {
  const { store, clock, settings } = runtime
  if (clock() >= token.expires_at) throw new OAuthError('invalid_grant', 'The refresh token has expired.')
  const accessToken = newToken(accessTokenKind(access), token.company_id)
  await store.write([
    ...lockInstallation(store, token),
    requireActiveMembership(store, token.company_id, token.user_id, token.client_id),
    putOffRefreshToken(store, token, clock() + settings.refreshTokenLifetime * 1000),
    storeAccessToken(runtime, token, accessToken, access),
    deleteExpiredAccessTokens(store, token, clock()),
  ])
  runtime.metrics.refreshes.count({ outcome: 'first' })
  return {
    accessToken,
    refreshToken: presented,
    companyId: token.company_id,
    userId: token.user_id,
    ...access,
    openid: token.openid,
    expiresAt: accessTokenEnd(runtime),
  }
}
