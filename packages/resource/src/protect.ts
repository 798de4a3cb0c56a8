import { Address, metadataUrlOf, type Place, WELL_KNOWN } from './address.ts'
import { DPOP_ALGORITHMS, ProofVerifier } from './dpop.ts'
import { ResourceError } from './errors.ts'
import { type ActiveToken, Introspector } from './introspection.ts'

/** A resource server, as it is registered with the provider. */
export interface ResourceOptions {
  /** The provider, such as `https://id.example.com`. */
  issuer: string
  /** As it is registered; `{company_domain}` in it stands for the domain of a company. */
  identifier: string
  /** What `tenantry resource-server create` printed. */
  credentials: { clientId: string; clientSecret: string }
  /** Scopes that every request needs. None when not given. */
  scopes?: readonly string[]
  /** What people read of this resource in a client. */
  name?: string
  /** Milliseconds that the provider may take to answer; 5000 when not given. */
  timeout?: number
  /** Another `fetch`, such as one through a proxy. */
  fetch?: typeof fetch
}

/** Whom a request speaks for. */
export interface Caller {
  /** With {@link userId} the only identifier that is unique, and never reused. */
  companyId: number
  userId: number
  /** The same pair as one text: `c1-u777`. */
  subject: string
  /** The app that sent the request. */
  clientId: string
  scopes: readonly string[]
  /** The company whose address was used, where each has one. */
  companyDomain: string | undefined
  /** The address that the token is for. */
  resource: string
  /** When the token runs out, in milliseconds since 1970. */
  expiresAt: number
  /** Everything that the provider said, such as `name` and `email` where it may tell them. */
  claims: ActiveToken
}

/** What matters of a request. */
export interface IncomingCall {
  /** Absolute, or a path. */
  url: string
  /** The header `Authorization`. */
  authorization: string | undefined | null
  /** For a path: the header `Host`, which matters only where the company is in it. */
  host?: string | undefined
  /** The method; `GET` when not given. A DPoP proof is about it. */
  method?: string | undefined
  /** The header `DPoP`, for tokens that are bound to a key (RFC 9449). */
  dpop?: string | undefined | null
}

/** Protects one resource server. */
export interface Protected {
  /**
   * Whom a request speaks for.
   * @param scopes that this request needs, besides those of all
   * @throws {ResourceError} 401 for no or a bad token, 403 for a missing scope, 404 where no resource is, 503 when the provider
   * does not answer
   */
  check(call: IncomingCall, scopes?: readonly string[]): Promise<Caller>
  /**
   * The metadata of the resource (RFC 9728) that a request asks for: clients find the provider by it.
   * @returns undefined for a request for anything else
   */
  metadata(call: Pick<IncomingCall, 'url' | 'host'>): Record<string, unknown> | undefined
}

const AUTHORIZATION = /^(Bearer|DPoP) +([\w.~+/-]+=*) *$/i
const TIMEOUT = 5000

type Scheme = 'Bearer' | 'DPoP'

/**
 * Checks the tokens of a resource server by introspection, at each request: nothing is cached, so what is revoked is refused at
 * the next one.
 * @throws {TypeError} if an option makes no sense
 * @example
 * ```ts
 * import { protect } from '@tenantry/resource'
 * const notes = protect({
 *   issuer: 'https://id.example.com',
 *   identifier: 'https://notes.example.com',
 *   credentials: { clientId: 'rs-5f0c2a9d1b7e4c33', clientSecret: 'tny_cs_…' },
 *   scopes: ['notes:read'],
 * })
 * console.log(notes.metadata({ url: 'https://notes.example.com/.well-known/oauth-protected-resource' }))
 * ```
 */
export function protect(options: ResourceOptions): Protected {
  const { issuer, identifier, credentials, scopes = [], name, timeout = TIMEOUT } = options
  if (!URL.canParse(issuer)) throw new TypeError(`issuer: ${issuer} is not an address.`)
  const address = new Address(identifier)
  const proofs = new ProofVerifier()
  const introspector = new Introspector({
    issuer: issuer.replace(/\/$/, ''),
    ...credentials,
    timeout,
    fetch: options.fetch ?? ((...args) => fetch(...args)),
  })
  return {
    async check(call, more = []) {
      const url = urlOf(call)
      const place = address.find(url)
      if (!place) throw new ResourceError(404, 'not_found', 'There is no resource at this address.')
      const needed = [...new Set([...scopes, ...more])]
      const { isBound, token } = readToken(call.authorization, place, needed)
      const answer = await introspector.introspect(token)
      if (!answer.active)
        throw invalidToken(place, 'The access token is unknown, expired or revoked, or for another resource.')
      requireFit(answer, place, issuer)
      await requireProof(proofs, answer, { call, isBound, token, url, place })
      requireScopes(answer, place, needed)
      return toCaller(answer, place)
    },
    metadata(call) {
      const place = findDescribed(address, urlOf(call))
      return (
        place && {
          resource: place.resource,
          authorization_servers: [issuer],
          scopes_supported: scopes,
          bearer_methods_supported: ['header'],
          dpop_signing_alg_values_supported: DPOP_ALGORITHMS.split(' '),
          ...(name !== undefined && { resource_name: name }),
        }
      )
    },
  }
}

function urlOf({ url, host = 'localhost' }: Pick<IncomingCall, 'url' | 'host'>): URL {
  return new URL(url, `http://${host}`)
}

/** The metadata of `/c/acme/mcp` is at the well-known address followed by that path. */
function findDescribed(address: Address, url: URL): Place | undefined {
  if (url.pathname !== WELL_KNOWN && !url.pathname.startsWith(`${WELL_KNOWN}/`)) return undefined
  const described = new URL(url)
  described.pathname = url.pathname.slice(WELL_KNOWN.length) || '/'
  return address.find(described)
}

function readToken(authorization: string | undefined | null, place: Place, scopes: readonly string[]) {
  if (!authorization) {
    // Without an error code, as RFC 6750 section 3.1 wants it.
    const header = challenge(place, scopes.length === 0 ? {} : { scope: scopes.join(' ') })
    throw new ResourceError(401, 'unauthorized', 'No access token: send one as "Authorization: Bearer TOKEN".', header)
  }
  const [, scheme, token] = AUTHORIZATION.exec(authorization) ?? []
  if (token === undefined) throw invalidToken(place, 'The Authorization header does not hold a token.')
  return { isBound: scheme!.toLowerCase() === 'dpop', token }
}

interface Presented {
  call: IncomingCall
  isBound: boolean
  token: string
  url: URL
  place: Place
}

/** A token that is bound to a key comes with a proof of it, for this very request; every other comes without. */
async function requireProof(proofs: ProofVerifier, { cnf }: ActiveToken, presented: Presented) {
  const { call, isBound, token, url, place } = presented
  if (!isBound && cnf === undefined) return
  if (!isBound || cnf === undefined) {
    const message = cnf
      ? 'The access token is bound to a key: send it as DPoP.'
      : 'The access token is bound to no key.'
    throw invalidToken(place, message, isBound ? 'DPoP' : 'Bearer')
  }
  // As clients see it: what a proxy in front calls this server does not matter.
  const address = new URL(place.resource).origin + url.pathname
  const proven = { method: call.method ?? 'GET', url: address, accessToken: token, jkt: cnf.jkt }
  const fault = await proofs.findFault(call.dpop, proven)
  if (fault === undefined) return
  const message = `The DPoP proof does not hold: ${fault}.`
  const parameters = { error: 'invalid_dpop_proof', error_description: message, algs: DPOP_ALGORITHMS }
  throw new ResourceError(401, 'invalid_dpop_proof', message, challenge(place, parameters, 'DPoP'))
}

/** The provider says for which company's address a token is: one company's is refused at another's. */
function requireFit({ aud, iss }: ActiveToken, place: Place, issuer: string) {
  const isFor = aud === place.resource || (Array.isArray(aud) && aud.includes(place.resource))
  if (!isFor || iss !== issuer.replace(/\/$/, '')) throw invalidToken(place, 'The access token is for another address.')
}

function requireScopes({ scope }: ActiveToken, place: Place, needed: readonly string[]) {
  const granted = scope.split(' ')
  const missing = needed.filter(each => !granted.includes(each))
  if (missing.length === 0) return
  const message = `The access token lacks the scope ${missing.join(' ')}.`
  const parameters = { error: 'insufficient_scope', error_description: message, scope: needed.join(' ') }
  throw new ResourceError(403, 'insufficient_scope', message, challenge(place, parameters))
}

function invalidToken(place: Place, message: string, scheme: Scheme = 'Bearer'): ResourceError {
  return new ResourceError(
    401,
    'invalid_token',
    message,
    challenge(place, { error: 'invalid_token', error_description: message }, scheme),
  )
}

/** With the address of the metadata (RFC 9728 section 5.1). */
function challenge(
  { resource }: Place,
  parameters: Record<string, string>,
  scheme: Scheme = 'Bearer',
): Record<string, string> {
  const all = { ...parameters, resource_metadata: metadataUrlOf(resource) }
  const text = Object.entries(all).map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`)
  return { 'WWW-Authenticate': `${scheme} ${text.join(', ')}` }
}

function toCaller(claims: ActiveToken, { resource, companyDomain }: Place): Caller {
  return {
    companyId: claims.company_id,
    userId: claims.user_id,
    subject: claims.sub,
    clientId: claims.client_id,
    scopes: claims.scope === '' ? [] : claims.scope.split(' '),
    companyDomain,
    resource,
    expiresAt: claims.exp * 1000,
    claims,
  }
}
