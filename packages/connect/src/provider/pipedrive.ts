import { readUsersMe } from './identity.ts'
import type { Provider } from './provider.ts'

/**
 * Pipedrive. Scopes are those that the app has in its Developer Hub.
 * @example
 * ```ts
 * import { pipedrive } from '@tenantry/connect'
 * const provider = pipedrive()
 * console.log(provider.issuer)
 * ```
 */
export function pipedrive(
  options: { oauthOrigin?: string; apiDomain?: string; apiHosts?: readonly string[] } = {},
): Provider {
  const { oauthOrigin = 'https://oauth.pipedrive.com' } = options
  return {
    name: 'pipedrive',
    issuer: oauthOrigin,
    authorizationEndpoint: `${oauthOrigin}/oauth/authorize`,
    tokenEndpoint: `${oauthOrigin}/oauth/token`,
    revocationEndpoint: `${oauthOrigin}/oauth/revoke`,
    identityEndpoint: '/api/v1/users/me',
    readIdentity: answer => readUsersMe(answer, { 1: 'en-US' }),
    apiDomain: options.apiDomain ?? 'https://api.pipedrive.com',
    apiHosts: options.apiHosts ?? ['*.pipedrive.com'],
    scopeSeparator: ',',
  }
}
