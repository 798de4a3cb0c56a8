import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose'
import type { App } from '../apps/apps.ts'
import { clientKeys } from '../apps/client-keys.ts'
import { FAPI2_ALGORITHMS, isFapi2 } from '../apps/fapi2.ts'
import type { Runtime } from '../config/runtime.ts'

/** How clients may sign what they send. */
export const CLIENT_ALGORITHMS = ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'PS256', 'RS256']

/** Seconds by which the clocks of client and server may differ. */
export const CLOCK_TOLERANCE = 15

/**
 * What a JWT says that one of the app's own keys has signed, by the algorithms that its profile allows.
 * @throws whatever is wrong with the JWT, or with the keys that were registered
 */
export async function verifyClientJwt(
  runtime: Runtime,
  app: App,
  jwt: string,
  expected: Pick<JWTVerifyOptions, 'issuer' | 'subject' | 'audience'>,
): Promise<JWTPayload> {
  const keys = clientKeys(runtime, app)
  if (!keys) throw new errors.JWKSNoMatchingKey()
  const options = {
    ...expected,
    algorithms: isFapi2(app) ? FAPI2_ALGORITHMS : CLIENT_ALGORITHMS,
    currentDate: new Date(runtime.clock()),
    clockTolerance: CLOCK_TOLERANCE,
  }
  try {
    return (await jwtVerify(jwt, keys, options)).payload
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error) {
      const verified = await jwtVerify(jwt, key, options).catch(() => undefined)
      if (verified) return verified.payload
    }
    throw error
  }
}

/** What jose says of a claim: it names the claim and the rule, and nothing secret. */
export function explainJwtError(error: unknown): string {
  if (error instanceof errors.JWKSInvalid) return ` (${error.message})`
  const isAboutClaims = error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired
  return isAboutClaims ? ` (claim ${error.claim}: ${error.reason})` : ''
}
