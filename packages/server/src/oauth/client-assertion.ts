import { hash } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import type { App } from '../apps/apps.ts'
import type { Runtime } from '../config/runtime.ts'
import { OAuthError } from '../http/errors.ts'
import { insertUsedAssertion } from '../store/queries/used-assertions.ts'
import { ConstraintViolation } from '../store/store.ts'

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
export const ASSERTION_ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256']

/** The longest time to expiry, in seconds: as long as its `jti` must be remembered. */
const MAX_LIFETIME = 600
/** Seconds by which the clocks of client and server may differ. */
const CLOCK_TOLERANCE = 15
const MAX_JTI = 1024

/** The client that a JWT claims to come from, before anything is verified. */
export function readAssertionClient(assertion: string): string | undefined {
  try {
    const { sub } = decodeJwt(assertion)
    return typeof sub === 'string' ? sub : undefined
  } catch {
    return undefined
  }
}

/**
 * Verifies a `private_key_jwt` (RFC 7523 section 3): signed by one of the app's keys, issued by and about the app, for
 * this server alone, not expired, and not used before. Times may be fractional (RFC 7519 section 2), and clocks may
 * differ by 15 seconds.
 * @throws {OAuthError} `invalid_client`
 */
export async function verifyAssertion(runtime: Runtime, app: App | undefined, assertion: string): Promise<void> {
  if (!app?.jwks) throw refused('The client is unknown or has no keys registered.')
  const payload = await verifySignature(runtime, app, app.jwks, assertion)
  requireOwnAudience(runtime, payload)
  const { jti, expiresAt } = requireClaims(runtime, payload)
  try {
    const jtiHash = hash('sha256', jti, 'buffer')
    await runtime.store.write([insertUsedAssertion(runtime.store, app.clientId, jtiHash, expiresAt)])
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    throw refused('The client assertion was used before: its jti must be new each time.')
  }
}

async function verifySignature(
  { settings, clock }: Runtime,
  app: App,
  jwks: string,
  assertion: string,
): Promise<JWTPayload> {
  const options = {
    algorithms: ASSERTION_ALGORITHMS,
    issuer: app.clientId,
    subject: app.clientId,
    audience: audiences(settings.origin),
    currentDate: new Date(clock()),
    clockTolerance: CLOCK_TOLERANCE,
  }
  try {
    return (await jwtVerify(assertion, createLocalJWKSet(JSON.parse(jwks)), options)).payload
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) {
      for await (const key of error) {
        const verified = await jwtVerify(assertion, key, options).catch(() => undefined)
        if (verified) return verified.payload
      }
    }
    // Whatever is wrong with a JWT, or with the keys that were registered, it does not verify.
    throw refused(`The client assertion cannot be verified${explain(error)}.`)
  }
}

/** What jose says of a claim: it names the claim and the rule, and nothing secret. */
function explain(error: unknown): string {
  const isAboutClaims = error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired
  return isAboutClaims ? ` (claim ${error.claim}: ${error.reason})` : ''
}

function audiences(origin: string): string[] {
  return [origin, `${origin}/oauth/token`]
}

/** One that names others too could be used by them here (RFC 7523 section 3). */
function requireOwnAudience({ settings }: Runtime, { aud }: JWTPayload) {
  const own = audiences(settings.origin)
  if ([aud].flat().every(each => own.includes(each as string))) return
  throw refused('The aud of the client assertion must be this server only.')
}

function requireClaims({ clock }: Runtime, { jti, exp, iat }: JWTPayload): { jti: string; expiresAt: number } {
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI) {
    throw refused(`The client assertion needs a jti: a string of 1 to ${MAX_JTI} characters.`)
  }
  if (typeof exp !== 'number') throw refused('The client assertion needs an exp: a number of seconds since 1970.')
  const now = clock() / 1000
  if (exp > now + MAX_LIFETIME + CLOCK_TOLERANCE) {
    throw refused(`The client assertion must expire within ${MAX_LIFETIME} seconds from now.`)
  }
  if (iat !== undefined && iat > now + CLOCK_TOLERANCE) {
    throw refused('The client assertion was issued in the future: check the clock.')
  }
  return { jti, expiresAt: Math.ceil((exp + CLOCK_TOLERANCE) * 1000) }
}

function refused(description: string): OAuthError {
  return new OAuthError('invalid_client', description, { status: 401 })
}
