import type { IdentityClaims } from './identity.ts'

/** Where and how a provider speaks OAuth. `pipedrive()` and `tenantry()` make one; write your own for others. */
export interface Provider {
  /** Part of every link's key: never change it once links exist. Two providers in one app need two names. */
  name: string
  /** What `iss` must be when the answer has one (RFC 9207), and what an ID token is checked against. */
  issuer: string
  /** Refuse an answer without `iss`: for providers that promise it. */
  requiresIss?: boolean
  authorizationEndpoint: string
  tokenEndpoint: string
  /** RFC 7009. Without it, disconnecting only forgets the tokens here. */
  revocationEndpoint?: string
  /** Where to ask who a token speaks for: an address, or a path on the API's own. */
  identityEndpoint: string
  /** What its answer says. @throws where it does not say who it is about */
  readIdentity(answer: unknown): IdentityClaims
  /** Where the API is when the token answer has no `api_domain`. */
  apiDomain: string
  /**
   * The hosts that `api_domain` and addresses given to `fetch` may have, `*.example.com` for all below one. Tokens are
   * sent nowhere else.
   */
  apiHosts: readonly string[]
  /** What joins scopes; a space unless said otherwise. */
  scopeSeparator?: string
  /** PKCE (RFC 7636) is used unless the provider cannot bear it. */
  pkce?: boolean
  /** The authorization parameter that preselects a company. */
  companyParameter?: string
  /** Further authorization parameters. */
  authorizationParameters?: Readonly<Record<string, string>>
  /** How the app authenticates at the token endpoint; `basic` unless said otherwise. */
  clientAuthentication?: 'basic' | 'post'
  /**
   * Whether an answer to a refresh means that the user must allow the app again, for providers that say so in words of
   * their own.
   * @param body the answer's JSON object, or its text
   */
  isRefused?(status: number, body: Record<string, unknown> | string): boolean
  /** Allow plain HTTP beyond this machine: between containers only. */
  allowHttp?: boolean
}

/**
 * Where a company's API is, if it is where the provider's APIs may be: otherwise a forged answer could have tokens sent
 * to its maker.
 */
export function isAllowedHost(provider: Provider, address: URL): boolean {
  if (address.username || address.password) return false
  if (
    address.protocol !== 'https:' &&
    !(address.protocol === 'http:' && (provider.allowHttp || isLoopback(address.hostname)))
  )
    return false
  return provider.apiHosts.some(pattern =>
    pattern.startsWith('*.')
      ? address.host.endsWith(pattern.slice(1)) && address.host.length > pattern.length - 1
      : address.host === pattern,
  )
}

export function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
}
