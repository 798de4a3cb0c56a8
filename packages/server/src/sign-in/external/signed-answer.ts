import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose'
import type { Runtime } from '../../config/runtime.ts'

const ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256']
/** Seconds by which the clocks may differ. */
const CLOCK_TOLERANCE = 15
/** Seconds from `iat` to which a signed answer is taken. */
const MAX_AGE = 600

/** The claims that say what a signed answer is, not what it answers. */
const ABOUT_ITSELF = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'challenge'])

/** An answer that the platform signed, instead of giving it by the admin API. */
export interface SignedAnswer {
  challenge: string
  /** What it answers, still unchecked. */
  input: Record<string, unknown>
}

/**
 * Verifies a JWT (RFC 7519) with an answer: signed by one of the platform's keys, for this server alone, at most ten
 * minutes old.
 * @throws {JOSEError} that says what is wrong
 */
export async function verifySignedAnswer(
  { settings, clock }: Runtime,
  publicKeys: { keys: Record<string, unknown>[] },
  jwt: string,
): Promise<SignedAnswer> {
  const payload = await verify(jwt, publicKeys as unknown as JSONWebKeySet, {
    algorithms: ALGORITHMS,
    audience: settings.origin,
    requiredClaims: ['exp', 'iat', 'challenge'],
    maxTokenAge: MAX_AGE,
    clockTolerance: CLOCK_TOLERANCE,
    currentDate: new Date(clock()),
  })
  const { challenge } = payload
  if (typeof challenge !== 'string' || [payload.aud].flat().length !== 1) {
    throw new errors.JWTClaimValidationFailed('"challenge" must be a text, and "aud" this server only', payload)
  }
  const input = Object.fromEntries(Object.entries(payload).filter(([name]) => !ABOUT_ITSELF.has(name)))
  return { challenge, input }
}

async function verify(jwt: string, keys: JSONWebKeySet, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(jwt, createLocalJWKSet(keys), options)).payload
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error) {
      const verified = await jwtVerify(jwt, key, options).catch(() => undefined)
      if (verified) return verified.payload
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}
