import type { Runtime } from '../config/runtime.ts'
import { ApiError } from '../http/errors.ts'
import type { BearerRecord } from '../store/bearer-record.ts'
import { isBlockedApp } from '../store/blocked-apps.ts'
import { type MaybePromise, whenReady } from '../store/maybe-promise.ts'
import { isListed, storesScope } from './scopes.ts'
import { hashAsText, parseToken } from './token-text.ts'

const BEARER = /^Bearer +([\w.~+/-]+=*) *$/i

/**
 * Whom a request's token speaks for.
 * @throws {ApiError} 401 for no or a refused token, 403 for a missing scope
 */
export function requireBearer(
  runtime: Runtime,
  authorization: string | undefined,
  scope: string,
): MaybePromise<BearerRecord> {
  return whenReady(findBearer(runtime, authorization), found => requireUsable(found, scope, runtime.clock()))
}

/**
 * What the store has of a request's token, whether it may be used or not. The token is read from the Authorization header alone
 * (RFC 6750 section 2.1).
 * @param beganBeforeTurn whether the request had begun to arrive when this turn of the event loop began
 * @throws {ApiError} 401 for no token, or one of another kind
 */
export function findBearer(
  { store }: Runtime,
  authorization: string | undefined,
  beganBeforeTurn?: boolean,
): MaybePromise<BearerRecord | undefined> {
  const token = readToken(authorization)
  const parsed = parseToken(token)
  if (parsed?.kind === 'ra') throw invalidToken('The access token is for another resource server.')
  if (parsed?.kind === 'da') throw invalidToken('The access token is bound to a key: send it as DPoP, with a proof.')
  if (parsed?.kind !== 'at') throw invalidToken('This is not an access token.')
  return store.findBearer(hashAsText(token), parsed.companyId, beganBeforeTurn)
}

function readToken(authorization: string | undefined): string {
  if (authorization === undefined) {
    throw new ApiError(401, 'No access token: send one as "Authorization: Bearer TOKEN".', {
      'WWW-Authenticate': 'Bearer realm="Tenantry"',
    })
  }
  const token = BEARER.exec(authorization)?.[1]
  if (token !== undefined) return token
  // Repeated fields are joined by commas (RFC 9110 section 5.2), and no token holds one.
  if (authorization.includes(',')) throw repeatedAuthorization()
  throw invalidToken('The Authorization header does not hold a bearer token.')
}

/**
 * Requires that a token may be used for a scope now.
 * @throws {ApiError} 401, or 403 for a missing scope
 */
export function requireUsable(bearer: BearerRecord | undefined, scope: string, now: number): BearerRecord {
  if (!bearer) throw invalidToken('The access token is unknown or revoked.')
  if (bearer.expiresAt <= now) throw invalidToken('The access token has expired.')
  if (!isInGoodStanding(bearer)) throw invalidToken('The user, the company or the app is not active.')
  requireScope(bearer, scope)
  return bearer
}

/** Whether membership, user, company and app are all active, and the company does not block the app: out means out, at once. */
export function isInGoodStanding(bearer: BearerRecord): boolean {
  return (
    bearer.active === 1 &&
    bearer.userActive === 1 &&
    bearer.companySuspendedAt === null &&
    bearer.appDisabledAt === null &&
    !isBlockedApp(bearer.companyBlockedApps, bearer.companyBlockedHosts, bearer.clientId)
  )
}

/** @throws {ApiError} 403 */
function requireScope(bearer: BearerRecord, scope: string) {
  const isGranted = storesScope(bearer.scopes, scope) && storesScope(bearer.appScopes, scope)
  if (isGranted && !isListed(bearer.companyBlockedScopes, scope)) return
  throw new ApiError(403, `The access token lacks the scope ${scope}.`, {
    'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scope}"`,
  })
}

/** RFC 6750 section 3.1: a request that authenticates twice is malformed. */
export function repeatedAuthorization(): ApiError {
  const error = 'Repeated Authorization header. Send it once.'
  return new ApiError(400, error, {
    'WWW-Authenticate': `Bearer error="invalid_request", error_description="${error}"`,
  })
}

function invalidToken(error: string): ApiError {
  return new ApiError(401, error, {
    'WWW-Authenticate': `Bearer error="invalid_token", error_description="${error}"`,
  })
}
