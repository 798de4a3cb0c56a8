import type { Id, IdKind } from '../ids.ts'
import type { Identity, ReadClaims } from './identity.ts'

/** Where and how a provider speaks OAuth. `pipedrive()` and `tenantry()` make one; write your own for others. */
export interface Provider<I extends Id = number> {
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
  /**
   * What its answer says: at least `companyId` and `userId`. A provider that does not name the company there says it in the
   * callback, in its token answer, or when it is asked again; see `IdentityContext`.
   * @throws where it does not say who it is about
   */
  readIdentity(answer: unknown, context: IdentityContext<I>): ReadClaims<I> | Promise<ReadClaims<I>>
  /** What its companies and users are called by; `integer` unless said. Never change it once links exist. */
  ids?: IdKind
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
  /**
   * The app gets tokens of its own where it is installed for a whole company, by its credentials alone (RFC 6749 section 4.4); the
   * parameter says for which company.
   */
  clientCredentials?: { companyParameter: string }
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

/** What else is known when an identity is read. */
export interface IdentityContext<I extends Id = number> {
  /**
   * The query of the callback, at an install; null when a link is looked at again. It is untrusted
   * input: what it names must be proved by an answer that this token alone gets.
   */
  callback: URLSearchParams | null
  /** The token endpoint's JSON as it came, `id_token` and all, at an install; null when a link is looked at again. */
  tokenAnswer: Readonly<Record<string, unknown>> | null
  /** Whom the link is for, when it is looked at again; null at an install. */
  known: Identity<I> | null
  /**
   * A further request with the access token. Gives back its JSON.
   * @param address a path on the company's API, or an address on one of the provider's hosts
   * @throws {ConnectError} as for the identity endpoint; `provider_refused` for a status such as 403 or 404
   */
  ask(address: string): Promise<unknown>
}

/**
 * Where a company's API is, if it is where the provider's APIs may be: otherwise a forged answer could have tokens sent
 * to its maker.
 */
export function isAllowedHost(provider: Pick<Provider<Id>, 'allowHttp' | 'apiHosts'>, address: URL): boolean {
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
