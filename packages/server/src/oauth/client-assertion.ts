import { hash } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import type { App } from '../apps/apps.ts'
import type { Runtime } from '../config/runtime.ts'
import { OAuthError } from '../http/errors.ts'
import { insertUsedAssertion } from '../store/queries/used-assertions.ts'
import { ConstraintViolation } from '../store/store.ts'

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
export const ASSERTION_ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256']

/** How far ahead an assertion may run out, in seconds: as long as its `jti` must be remembered. */
const LONGEST_LIFE = 600

/** Whom a JWT claims to come from, before anything is verified. */
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
 * this server, not run out, and not used before.
 * @throws {OAuthError} `invalid_client`
 */
export async function verifyAssertion(runtime: Runtime, app: App | undefined, assertion: string): Promise<void> {
  if (!app?.jwks) throw refused('The client is unknown or has no keys registered.')
  const payload = await verifySignature(runtime, app, app.jwks, assertion)
  const { jti, exp } = payload
  if (!jti || exp === undefined) throw refused('The client assertion needs the claims jti and exp.')
  if (exp * 1000 > runtime.clock() + LONGEST_LIFE * 1000) {
    throw refused(`The client assertion must run out within ${LONGEST_LIFE} seconds.`)
  }
  try {
    const jtiHash = hash('sha256', jti, 'buffer')
    await runtime.store.write([insertUsedAssertion(runtime.store, app.clientId, jtiHash, exp * 1000)])
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    throw refused('The client assertion was used before.')
  }
}

async function verifySignature(
  { settings, clock }: Runtime,
  app: App,
  jwks: string,
  assertion: string,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(assertion, createLocalJWKSet(JSON.parse(jwks)), {
      algorithms: ASSERTION_ALGORITHMS,
      issuer: app.clientId,
      subject: app.clientId,
      audience: [settings.origin, `${settings.origin}/oauth/token`],
      currentDate: new Date(clock()),
    })
    return payload
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error
    throw refused('The client assertion does not verify.')
  }
}

function refused(description: string): OAuthError {
  return new OAuthError('invalid_client', description, { status: 401 })
}
