import { decodeProtectedHeader, type JWTPayload } from 'jose'
import type { App } from '../apps/apps.ts'
import { hasKeys } from '../apps/client-keys.ts'
import type { Runtime } from '../config/runtime.ts'
import { OAuthError } from '../http/errors.ts'
import { explainJwtError, verifyClientJwt } from './client-jwt.ts'

/** Claims of the JWT itself, which are no parameters. */
const OF_THE_JWT = new Set(['iss', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sub', 'client_id'])
const TYPES = new Set([undefined, 'jwt', 'oauth-authz-req+jwt', 'application/oauth-authz-req+jwt'])

/**
 * The authorization request that an app has signed (RFC 9101), as a query. Nothing outside the object is part of it (section 6.3).
 * @throws {OAuthError} `invalid_request_object`
 */
export async function readRequestObject(runtime: Runtime, app: App, text: string): Promise<string> {
  if (!hasKeys(app)) throw refused('the app has no keys registered')
  const payload = await verify(runtime, app, text)
  if (payload.client_id !== app.clientId) throw refused('client_id must be that of the request')
  if ('request' in payload || 'request_uri' in payload) throw refused('it holds another request (section 4)')
  const claims = Object.entries(payload).filter(([name]) => !OF_THE_JWT.has(name))
  const pairs = claims.flatMap(([name, value]) => valuesOf(name, value).map(each => [name, each] as const))
  return [['client_id', app.clientId] as const, ...pairs]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')
}

async function verify(runtime: Runtime, app: App, text: string): Promise<JWTPayload> {
  try {
    // A JWT that was signed for something else is no request (RFC 8725 section 3.11).
    const { typ } = decodeProtectedHeader(text)
    if (!TYPES.has(typ?.toLowerCase())) throw refused('typ must be oauth-authz-req+jwt')
    return await verifyClientJwt(runtime, app, text, { issuer: app.clientId, audience: runtime.settings.origin })
  } catch (error) {
    if (error instanceof OAuthError) throw error
    throw refused(`it cannot be verified${explainJwtError(error)}`)
  }
}

/** Texts as they are, numbers and objects as JSON, and several resources. */
function valuesOf(name: string, value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (name === 'resource' && Array.isArray(value) && value.every(each => typeof each === 'string')) return value
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (typeof value === 'number' || typeof value === 'boolean' || isObject) return [JSON.stringify(value)]
  throw refused(`${name} has a value of the wrong type`)
}

function refused(reason: string): OAuthError {
  return new OAuthError('invalid_request_object', `The request object is refused: ${reason}.`)
}
