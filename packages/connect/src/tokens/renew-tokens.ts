import { isConnectError } from '../errors.ts'
import { toLink } from '../link.ts'
import type { Kit } from '../options.ts'
import type { TokenSet } from '../provider/token-answer.ts'
import type { StoredLink } from '../store/store.ts'
import { needsReauthorization } from './refused.ts'
import type { StoredTokens } from './vault.ts'

/**
 * New tokens of a link: by its refresh token. Where that is refused, or there is none, an app that is installed for a whole company asks
 * by its own credentials.
 * @throws {ConnectError} `needs_reauthorization`, `provider_unavailable`
 */
export async function renewTokens(
  { oauth, provider }: Kit,
  { link, tokens }: { link: StoredLink; tokens: StoredTokens },
): Promise<TokenSet> {
  const ofCompany = provider.clientCredentials !== undefined && toLink(link).identity.kind === 'company'
  const { refreshToken } = tokens
  try {
    if (refreshToken === null) {
      throw needsReauthorization('The access token ended, and the provider gave no refresh token.')
    }
    const answer = await oauth.refresh(refreshToken)
    // RFC 6749 section 6: no new refresh token means that the old one stays.
    return { ...answer, refreshToken: answer.refreshToken ?? refreshToken }
  } catch (error) {
    if (!ofCompany || !isConnectError(error, 'needs_reauthorization')) throw error
    return (await oauth.grantToApp(link.companyId)).tokens
  }
}
