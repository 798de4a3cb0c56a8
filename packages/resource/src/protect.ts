import { Address, metadataUrlOf, type Place, WELL_KNOWN } from './address.ts'
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

const BEARER = /^Bearer +([\w.~+/-]+=*) *$/i
const TIMEOUT = 5000

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
  const introspector = new Introspector({
    issuer: issuer.replace(/\/$/, ''),
    ...credentials,
    timeout,
    fetch: options.fetch ?? ((...args) => fetch(...args)),
  })
  return {
    async check(call, more = []) {
      const place = address.find(urlOf(call))
      if (!place) throw new ResourceError(404, 'not_found', 'There is no resource at this address.')
      const needed = [...new Set([...scopes, ...more])]
      const token = readToken(call.authorization, place, needed)
      const answer = await introspector.introspect(token)
      if (!answer.active)
        throw invalidToken(place, 'The access token is unknown, expired or revoked, or for another resource.')
      requireFit(answer, place, issuer)
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

function readToken(authorization: string | undefined | null, place: Place, scopes: readonly string[]): string {
  if (!authorization) {
    // Without an error code, as RFC 6750 section 3.1 wants it.
    const header = challenge(place, scopes.length === 0 ? {} : { scope: scopes.join(' ') })
    throw new ResourceError(401, 'unauthorized', 'No access token: send one as "Authorization: Bearer TOKEN".', header)
  }
  const token = BEARER.exec(authorization)?.[1]
  if (token === undefined) throw invalidToken(place, 'The Authorization header does not hold a bearer token.')
  return token
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

function invalidToken(place: Place, message: string): ResourceError {
  return new ResourceError(
    401,
    'invalid_token',
    message,
    challenge(place, { error: 'invalid_token', error_description: message }),
  )
}

/** With the address of the metadata (RFC 9728 section 5.1). */
function challenge({ resource }: Place, parameters: Record<string, string>): Record<string, string> {
  const all = { ...parameters, resource_metadata: metadataUrlOf(resource) }
  const text = Object.entries(all).map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`)
  return { 'WWW-Authenticate': `Bearer ${text.join(', ')}` }
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
