import type { TokenEndpointResponse } from 'oauth4webapi'
import { ConnectError } from '../errors.ts'
import { isAllowedHost, type Provider } from './provider.ts'

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

/** @throws {ConnectError} `host_not_allowed` when the API would be where tokens of this provider do not go */
export function toTokenSet(provider: Provider, answer: TokenEndpointResponse, now: number): TokenSet {
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? null,
    expiresAt: answer.expires_in === undefined ? null : now + answer.expires_in * 1000,
    scope: answer.scope?.replaceAll(provider.scopeSeparator ?? ' ', ' ') ?? null,
    apiDomain: typeof answer.api_domain === 'string' ? requireAllowedOrigin(provider, answer.api_domain) : null,
  }
}

function requireAllowedOrigin(provider: Provider, address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || !isAllowedHost(provider, url)) {
    throw new ConnectError(
      'host_not_allowed',
      `The provider's answer says that the API is at ${address.slice(0, 200)}, which is none of ${provider.name}'s hosts (${provider.apiHosts.join(', ')}). Nothing was sent there. If it is right, add the host to apiHosts.`,
    )
  }
  return url.origin
}
