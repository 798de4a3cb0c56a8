import type { RequestContext } from '../http/environment.ts'
import { ApiError } from '../http/errors.ts'
import type { BearerRecord } from '../store/bearer-record.ts'
import { findAccessToken } from '../store/queries/access-tokens.ts'
import { requireUsable } from './bearer.ts'
import { DPOP_ALGORITHMS, ProofError, verifyProof } from './dpop.ts'
import { currentNonce } from './dpop-nonce.ts'
import { hashAsText, hashSecret, parseToken } from './token-text.ts'

const DPOP = /^DPoP +([\w.~+/-]+=*) *$/i

/** Whether a request authenticates with a token that is bound to a key (RFC 9449 section 7.1). */
export function isBoundRequest(authorization: string | undefined): boolean {
  return authorization !== undefined && /^DPoP /i.test(authorization)
}

/**
 * Whom a request's bound token speaks for: it came with a proof of the key, for this very request.
 * @throws {ApiError} 401 for a token or a proof that does not hold, 403 for a missing scope
 */
export async function requireBound(c: RequestContext, scope: string): Promise<BearerRecord> {
  const { runtime } = c.var
  const token = DPOP.exec(c.req.header('Authorization') ?? '')?.[1]
  const parsed = token === undefined ? undefined : parseToken(token)
  if (token === undefined || parsed?.kind !== 'da')
    throw refused('invalid_token', 'This is no access token with a key.')
  const { jkt } = (await findAccessToken(runtime.store, parsed.companyId, hashSecret(token))) ?? {}
  // Before the proof, whose use is written down: a token that is made up costs no write.
  if (!jkt) throw refused('invalid_token', 'The access token is unknown or revoked.')
  if (jkt !== (await provenKey(c, token))) throw refused('invalid_token', 'The access token is bound to another key.')
  const bearer = await runtime.store.findBearer(hashAsText(token), parsed.companyId)
  return requireUsable(bearer, scope, runtime.clock())
}

async function provenKey(c: RequestContext, accessToken: string): Promise<string> {
  const proof = c.req.header('DPoP')
  if (proof === undefined) throw refused('invalid_dpop_proof', 'The header DPoP is missing.')
  const { origin, dpopNonces } = c.var.runtime.settings
  if (dpopNonces) c.header('DPoP-Nonce', currentNonce(c.var.runtime))
  try {
    return await verifyProof(c.var.runtime, proof, { method: c.req.method, url: origin + c.req.path, accessToken })
  } catch (error) {
    if (error instanceof ProofError) throw refused(error.code, `The DPoP proof does not hold: ${error.message}.`)
    throw error
  }
}

function refused(code: string, error: string): ApiError {
  const challenge = `DPoP error="${code}", error_description="${error}", algs="${DPOP_ALGORITHMS.join(' ')}"`
  return new ApiError(401, error, { 'WWW-Authenticate': challenge })
}
