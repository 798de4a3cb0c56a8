import type { TokenEndpointResponse } from 'oauth4webapi'
import { ConnectError } from '../errors.ts'
import type { Id } from '../ids.ts'
import { allowedApiDomain } from './api-domain.ts'
import type { Provider } from './provider.ts'

/** What a token endpoint gave. Times are milliseconds since 1970. */
export interface TokenSet {
  accessToken: string
  /** Null where the provider gives none. */
  refreshToken: string | null
  expiresAt: number | null
  /** As the provider said it, separated by spaces. */
  scope: string | null
  /** The origin of this company's API. */
  apiDomain: string | null
}

/**
 * @param report is called with an `api_domain` that tokens may not be sent to: at a refresh it counts as absent, since
 * the token in the same response must not be lost; at an install it throws
 */
export function toTokenSet(
  provider: Provider<Id>,
  answer: TokenEndpointResponse,
  now: number,
  report: (error: ConnectError) => void,
): TokenSet {
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? null,
    expiresAt: answer.expires_in === undefined ? null : now + answer.expires_in * 1000,
    scope: answer.scope?.replaceAll(provider.scopeSeparator ?? ' ', ' ') ?? null,
    apiDomain: typeof answer.api_domain === 'string' ? readApiDomain(provider, answer.api_domain, report) : null,
  }
}

function readApiDomain(provider: Provider<Id>, address: string, report: (error: ConnectError) => void): string | null {
  const origin = allowedApiDomain(provider, address)
  if (origin !== undefined) return origin
  report(
    new ConnectError(
      'host_not_allowed',
      `The provider's answer says that the API is at ${address.slice(0, 200)}, which is none of ${provider.name}'s hosts (${provider.apiHosts.join(', ')}). Nothing is sent there. If it is right, add the host to apiHosts.`,
    ),
  )
  return null
}
