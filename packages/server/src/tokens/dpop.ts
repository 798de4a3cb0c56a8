import { hash } from 'node:crypto'
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, errors, type JWK, jwtVerify } from 'jose'
import type { Runtime } from '../config/runtime.ts'
import { insertUsedAssertion } from '../store/queries/used-assertions.ts'
import { ConstraintViolation } from '../store/store.ts'
import { isRecentNonce } from './dpop-nonce.ts'

export const DPOP_ALGORITHMS = ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'PS256', 'RS256']

/** Seconds that a proof is good for, from when it was made: for a request on its way, and for clocks that differ. */
const LIFETIME = 60
const CLOCK_TOLERANCE = 15
const MAX_PROOF = 8192
const MAX_JTI = 512

/** A proof that does not hold, and why. */
export class ProofError extends Error {
  override name = 'ProofError'
  readonly code: 'invalid_dpop_proof' | 'use_dpop_nonce'

  constructor(message: string, code: ProofError['code'] = 'invalid_dpop_proof') {
    super(message)
    this.code = code
  }
}

/** What a proof must be about. */
export interface ProvenRequest {
  method: string
  /** Without query and fragment. */
  url: string
  /** The access token that goes with it, at a resource. */
  accessToken?: string
  /** How it must be signed: of the supported ways, all when not given. */
  algorithms?: string[]
}

/**
 * Verifies a DPoP proof (RFC 9449 section 4.3): signed by the key that it names, for this request, made just now and not used
 * before.
 * @returns the thumbprint of the key (RFC 7638)
 * @throws {ProofError}
 */
export async function verifyProof(runtime: Runtime, proof: string, request: ProvenRequest): Promise<string> {
  if (proof.length > MAX_PROOF) throw new ProofError('it is too long')
  const { jwk, payload } = await verifySignature(runtime, proof, request.algorithms)
  const { htm, htu, jti, iat, ath } = payload
  if (htm !== request.method) throw new ProofError('htm is another method')
  if (typeof htu !== 'string' || !isSameAddress(htu, request.url)) throw new ProofError('htu is another address')
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI) throw new ProofError('jti is missing')
  const now = runtime.clock() / 1000
  if (typeof iat !== 'number' || iat < now - LIFETIME || iat > now + CLOCK_TOLERANCE) {
    throw new ProofError('iat is not now: make a new proof for each request, and check the clock')
  }
  if (request.accessToken !== undefined && ath !== hash('sha256', request.accessToken, 'base64url')) {
    throw new ProofError('ath is not the hash of the access token')
  }
  if (runtime.settings.dpopNonces && !isRecentNonce(runtime, payload.nonce)) {
    throw new ProofError('nonce is not the one that was given last: see the header DPoP-Nonce', 'use_dpop_nonce')
  }
  const jkt = await calculateJwkThumbprint(jwk)
  await spend(runtime, jkt, jti, iat)
  return jkt
}

async function verifySignature({ clock }: Runtime, proof: string, algorithms = DPOP_ALGORITHMS) {
  try {
    const { jwk } = decodeProtectedHeader(proof)
    // What a private or a shared key has signed proves nothing.
    if (!jwk || 'd' in jwk || 'k' in jwk) throw new ProofError('jwk must be a public key')
    const options = { typ: 'dpop+jwt', algorithms, currentDate: new Date(clock()) }
    const { payload } = await jwtVerify(proof, EmbeddedJWK, { ...options, clockTolerance: CLOCK_TOLERANCE })
    return { jwk: jwk as JWK, payload }
  } catch (error) {
    if (error instanceof ProofError) throw error
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException) {
      throw new ProofError('it is no JWT of the type dpop+jwt that its own key has signed')
    }
    throw error
  }
}

/** Scheme and host without regard to capitals, no query and no fragment (RFC 9449 section 4.3). */
function isSameAddress(htu: string, url: string): boolean {
  if (!URL.canParse(htu)) return false
  const { origin, pathname } = new URL(htu)
  return origin + pathname === url
}

/** A second use of the same proof is refused, on whichever node. */
async function spend({ store }: Runtime, jkt: string, jti: string, iat: number) {
  const end = Math.ceil((iat + LIFETIME + CLOCK_TOLERANCE) * 1000)
  try {
    await store.write([insertUsedAssertion(store, `dpop ${jkt}`, hash('sha256', jti, 'buffer'), end)])
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    throw new ProofError('it was used before')
  }
}
