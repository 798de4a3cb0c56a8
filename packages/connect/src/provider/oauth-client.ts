import * as oauth from 'oauth4webapi'
import { ConnectError } from '../errors.ts'
import type { Id } from '../ids.ts'
import { askProvider, refused, requireServed } from './ask-provider.ts'
import { cleanTokenAnswer, parseObject } from './clean-token-answer.ts'
import { type Identity, toIdentity } from './identity.ts'
import { checkRefusal } from './odd-refusal.ts'
import { type IdentityContext, isAllowedHost, isLoopback, type Provider } from './provider.ts'
import { type TokenSet, toTokenSet } from './token-answer.ts'

export type Fetch = (input: Parameters<typeof globalThis.fetch>[0], init?: RequestInit) => Promise<Response>

export interface OAuthClientOptions {
  provider: Provider<Id>
  clientId: string
  clientSecret: string
  redirectUri: string
  scopes: readonly string[]
  fetch: Fetch
  clock: () => number
  /** Milliseconds that one request to the provider may take. */
  timeout: number
  /** Is called with malformed fields of the provider's responses, which count as absent. */
  report(error: ConnectError): void
}

/** What the provider is asked: every request but the app's own API calls. */
export interface OAuthClient {
  authorizationUrl(request: { state: string; codeVerifier: string; company?: Id | undefined }): Promise<URL>
  /** Checks `state`, `iss` and errors of an authorization answer, then exchanges its code. */
  exchangeCode(callback: URL, expected: { state: string; codeVerifier: string }): Promise<Exchanged>
  /**
   * A token of the app itself at a company where it is installed for everyone.
   * @throws {ConnectError} `needs_reauthorization` where it is not installed
   */
  grantToApp(companyId: Id): Promise<Exchanged>
  /** @throws {ConnectError} `needs_reauthorization` when the provider refuses, `provider_unavailable` when it may be tried again */
  refresh(refreshToken: string): Promise<TokenSet>
  /** @throws {ConnectError} `provider_unavailable` */
  revoke(refreshToken: string): Promise<void>
  /**
   * Whom a token speaks for.
   * @throws {ConnectError} `answer_invalid`, `needs_reauthorization`, `provider_refused`, `provider_unavailable`
   */
  identify(accessToken: string, apiDomain: string | null, about: About): Promise<Identity<Id>>
}

/** What is known besides the token: an install's callback and token response, or the identity of a link. */
export type About = Omit<IdentityContext<Id>, 'ask'>

export interface Exchanged {
  tokens: TokenSet
  /** The token endpoint's JSON as it came. */
  tokenAnswer: Record<string, unknown>
  /** The provider's clock less this one's, in milliseconds; 0 where they agree within what its header can say. */
  clockSkew: number
}

/** A `Date` header has whole seconds: a smaller difference says nothing. */
const CLOCK_TOLERANCE = 2_000
/** A larger one is no skew, but a clock of another kind, as in tests. */
const MAX_SKEW = 600_000

export function createOAuthClient(options: OAuthClientOptions): OAuthClient {
  const { provider, clientId, redirectUri, clock } = options
  const server: oauth.AuthorizationServer = {
    issuer: provider.issuer,
    authorization_endpoint: provider.authorizationEndpoint,
    token_endpoint: provider.tokenEndpoint,
    authorization_response_iss_parameter_supported: provider.requiresIss ?? false,
    ...(provider.revocationEndpoint ? { revocation_endpoint: provider.revocationEndpoint } : {}),
  }
  const client: oauth.Client = { client_id: clientId }
  const authentication =
    provider.clientAuthentication === 'post'
      ? oauth.ClientSecretPost(options.clientSecret)
      : oauth.ClientSecretBasic(options.clientSecret)
  /** A redirected answer is no answer: a secret must not follow it. */
  const request = () => ({
    [oauth.customFetch]: (url: string, init: RequestInit) => options.fetch(url, { ...init, redirect: 'error' }),
    [oauth.allowInsecureRequests]: provider.allowHttp || isLoopback(new URL(provider.tokenEndpoint).hostname),
    signal: AbortSignal.timeout(options.timeout),
  })
  const usesPkce = provider.pkce ?? true
  const refuse = (error: ConnectError) => {
    throw error
  }
  const reportField = (field: string) =>
    options.report(
      new ConnectError('answer_invalid', `The provider's token answer has an odd ${field}. It counts as absent.`),
    )

  return {
    async authorizationUrl({ state, codeVerifier, company }) {
      const url = new URL(provider.authorizationEndpoint)
      const parameters = {
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        ...(options.scopes.length > 0 ? { scope: options.scopes.join(provider.scopeSeparator ?? ' ') } : {}),
        state,
        ...(usesPkce
          ? {
              code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
              code_challenge_method: 'S256',
            }
          : {}),
        ...(company !== undefined && provider.companyParameter ? { [provider.companyParameter]: String(company) } : {}),
        ...provider.authorizationParameters,
      }
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
      return url
    },

    async exchangeCode(callback, { state, codeVerifier }) {
      const parameters = checkAuthorizationAnswer(() => oauth.validateAuthResponse(server, client, callback, state))
      return askProvider(async () => {
        const response = await oauth.authorizationCodeGrantRequest(
          ...([server, client, authentication, parameters, redirectUri] as const),
          usesPkce ? codeVerifier : oauth.nopkce,
          request(),
        )
        requireServed(response)
        const tokenAnswer = parseObject(await response.clone().text()) ?? {}
        const cleaned =
          response.status === 200 ? await cleanTokenAnswer(response, reportField, ['api_domain']) : response
        const answer = await oauth.processAuthorizationCodeResponse(server, client, cleaned)
        const tokens = toTokenSet(provider, answer, clock(), refuse)
        return { tokens, tokenAnswer, clockSkew: skewOf(response, clock()) }
      })
    },

    grantToApp(companyId) {
      const { clientCredentials } = provider
      if (!clientCredentials) {
        throw new ConnectError('configuration_invalid', `provider: ${provider.name} has no clientCredentials.`)
      }
      return askProvider(async () => {
        const form = new URLSearchParams({ [clientCredentials.companyParameter]: String(companyId) })
        const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, form, request())
        requireServed(response)
        const tokenAnswer = parseObject(await response.clone().text()) ?? {}
        const cleaned = response.status === 200 ? await cleanTokenAnswer(response, reportField) : response
        const answer = await oauth.processClientCredentialsResponse(server, client, cleaned)
        const tokens = toTokenSet(provider, answer, clock(), options.report)
        return { tokens, tokenAnswer, clockSkew: skewOf(response, clock()) }
      })
    },

    refresh: refreshToken =>
      askProvider(async () => {
        const response = await oauth.refreshTokenGrantRequest(server, client, authentication, refreshToken, request())
        requireServed(response)
        await checkRefusal(provider, response)
        const cleaned = response.status === 200 ? await cleanTokenAnswer(response, reportField) : response
        const answer = await oauth.processRefreshTokenResponse(server, client, cleaned)
        return toTokenSet(provider, answer, clock(), options.report)
      }),

    async revoke(refreshToken) {
      if (!provider.revocationEndpoint) return
      await askProvider(async () => {
        const more = { ...request(), additionalParameters: { token_type_hint: 'refresh_token' } }
        const response = await oauth.revocationRequest(server, client, authentication, refreshToken, more)
        requireServed(response)
        await oauth.processRevocationResponse(response)
      })
    },

    async identify(accessToken, apiDomain, about) {
      const ask = (address: string) => askApi(accessToken, new URL(address, apiDomain ?? provider.apiDomain))
      const answer = await ask(provider.identityEndpoint)
      const read = await provider.readIdentity(answer, { ...about, ask })
      const { known } = about
      // Which kind of an install it is, is said at the install alone.
      const identity = toIdentity(provider, {
        ...(known && { kind: known.kind, installedBy: known.installedBy }),
        ...read,
      })
      if (known && identity.key !== known.key) {
        throw new ConnectError(
          'answer_invalid',
          `The provider says that the token of ${known.key} speaks for ${identity.key}.`,
        )
      }
      return identity
    },
  }

  /** JSON that a token gets; it is sent to the provider's own addresses only. */
  async function askApi(accessToken: string, url: URL): Promise<unknown> {
    const own = [new URL(provider.identityEndpoint, provider.issuer).origin, new URL(provider.apiDomain).origin]
    if (!own.includes(url.origin) && !isAllowedHost(provider, url)) {
      throw new ConnectError('host_not_allowed', `${url.host} is none of ${provider.name}'s hosts.`)
    }
    return askProvider(async () => {
      const response = await options.fetch(url, {
        headers: { Authorization: `Bearer ${accessToken}`, Accept: 'application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(options.timeout),
      })
      requireServed(response)
      if (response.status === 401)
        throw new ConnectError('needs_reauthorization', 'The provider does not know this token any more.')
      if (!response.ok) throw refused(`it answered ${response.status} when asked who this is`)
      return response.json() as Promise<unknown>
    })
  }
}

/** Tells a cancelled request from one that was made up. */
function checkAuthorizationAnswer(check: () => URLSearchParams): URLSearchParams {
  try {
    return check()
  } catch (cause) {
    if (cause instanceof oauth.AuthorizationResponseError) {
      if (cause.error === 'access_denied' || cause.error === 'user_denied') {
        throw new ConnectError('denied', 'The request was not allowed.', { cause })
      }
      throw refused(cause.error_description ?? cause.error, cause)
    }
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConnectError('flow_invalid', `This answer does not belong to the request: ${reason}.`, { cause })
  }
}

function skewOf(response: Response, now: number): number {
  const skew = Date.parse(response.headers.get('Date') ?? '') - now
  return Math.abs(skew) > CLOCK_TOLERANCE && Math.abs(skew) < MAX_SKEW ? skew : 0
}
