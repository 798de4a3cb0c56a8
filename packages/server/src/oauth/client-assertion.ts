import { hash } from 'node:crypto'
import { decodeJwt, type JWTPayload } from 'jose'
import type { App } from '../apps/apps.ts'
import { hasKeys } from '../apps/client-keys.ts'
import { isFapi2 } from '../apps/fapi2.ts'
import type { Runtime } from '../config/runtime.ts'
import { OAuthError } from '../http/errors.ts'
import { insertUsedAssertion } from '../store/queries/used-assertions.ts'
import { ConstraintViolation } from '../store/store.ts'
import { CLOCK_TOLERANCE, explainJwtError, verifyClientJwt } from './client-jwt.ts'

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** The longest time to expiry, in seconds: as long as its `jti` must be remembered. */
const MAX_LIFETIME = 600
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
  if (!app || !hasKeys(app)) throw refused('The client is unknown or has no keys registered.')
  const payload = await verifySignature(runtime, app, assertion)
  requireOwnAudience(runtime, app, payload)
  const { jti, expiresAt } = requireClaims(runtime, payload)
  try {
    const jtiHash = hash('sha256', jti, 'buffer')
    await runtime.store.write([insertUsedAssertion(runtime.store, app.clientId, jtiHash, expiresAt)])
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    throw refused('The client assertion was used before: its jti must be new each time.')
  }
}

async function verifySignature(runtime: Runtime, app: App, assertion: string): Promise<JWTPayload> {
  const audience = audiences(runtime, app)
  try {
    return await verifyClientJwt(runtime, app, assertion, { issuer: app.clientId, subject: app.clientId, audience })
  } catch (error) {
    // Whatever is wrong with a JWT, or with the keys that were registered, it does not verify.
    throw refused(`The client assertion cannot be verified${explainJwtError(error)}.`)
  }
}

/** Only the issuer itself in the FAPI 2.0 Security Profile (section 5.3.2.1). */
function audiences({ settings: { origin } }: Runtime, app: App): string[] {
  return isFapi2(app) ? [origin] : [origin, `${origin}/oauth/token`]
}

/** One that names others too could be used by them here (RFC 7523 section 3). */
function requireOwnAudience(runtime: Runtime, app: App, { aud }: JWTPayload) {
  const own = audiences(runtime, app)
  const isOwn = isFapi2(app) ? aud === own[0] : [aud].flat().every(each => own.includes(each as string))
  if (!isOwn) throw refused('The aud of the client assertion must be this server only.')
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
