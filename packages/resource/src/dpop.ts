/** How proofs may be signed, as WebCrypto knows it. */
const ALGORITHMS: Readonly<Record<string, { key: object; verify: object; kty: string }>> = {
  ES256: { key: { name: 'ECDSA', namedCurve: 'P-256' }, verify: { name: 'ECDSA', hash: 'SHA-256' }, kty: 'EC' },
  ES384: { key: { name: 'ECDSA', namedCurve: 'P-384' }, verify: { name: 'ECDSA', hash: 'SHA-384' }, kty: 'EC' },
  // Two names for one (RFC 9864).
  Ed25519: { key: { name: 'Ed25519' }, verify: { name: 'Ed25519' }, kty: 'OKP' },
  EdDSA: { key: { name: 'Ed25519' }, verify: { name: 'Ed25519' }, kty: 'OKP' },
  PS256: {
    key: { name: 'RSA-PSS', hash: 'SHA-256' },
    verify: { name: 'RSA-PSS', saltLength: 32 },
    kty: 'RSA',
  },
  RS256: { key: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, verify: { name: 'RSASSA-PKCS1-v1_5' }, kty: 'RSA' },
}

export const DPOP_ALGORITHMS = Object.keys(ALGORITHMS).join(' ')

/** Members that a thumbprint is made of, in the order of their names (RFC 7638 section 3.2). */
const THUMBPRINT: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/** Seconds that a proof is good for, and that clocks may differ by. */
const LIFETIME = 60
const CLOCK_TOLERANCE = 15
const MAX_PROOF = 8192
/** Proofs that are remembered; with more than this in 75 seconds the oldest are forgotten. */
const MAX_REMEMBERED = 100_000

/** What a proof must be about. */
export interface ProvenCall {
  method: string
  url: string
  accessToken: string
  /** The thumbprint of the key that the access token is bound to. */
  jkt: string
}

type Json = Record<string, unknown>

/** Verifies DPoP proofs (RFC 9449 section 4.3), and remembers those that were used. */
export class ProofVerifier {
  readonly #used = new Map<string, number>()

  /** @returns why a proof does not hold; undefined when it does */
  async findFault(
    proof: string | undefined | null,
    call: ProvenCall,
    now = Date.now() / 1000,
  ): Promise<string | undefined> {
    if (!proof) return 'the header DPoP is missing'
    const read = readProof(proof)
    if (!read) return 'it is no JWT of the type dpop+jwt with a public key'
    const { payload, jwk } = read
    if (!(await isSigned(read))) return 'its own key has not signed it'
    if ((await thumbprint(jwk)) !== call.jkt) return 'the access token is bound to another key'
    if (payload.htm !== call.method) return 'htm is another method'
    if (!isSameAddress(payload.htu, call.url)) return 'htu is another address'
    if (payload.ath !== (await sha256(call.accessToken))) return 'ath is not the hash of the access token'
    const { iat, jti } = payload
    if (typeof iat !== 'number' || iat < now - LIFETIME || iat > now + CLOCK_TOLERANCE) return 'iat is not now'
    if (typeof jti !== 'string' || jti === '') return 'jti is missing'
    return this.#spend(`${call.jkt} ${jti}`, now) ? undefined : 'it was used before'
  }

  #spend(key: string, now: number): boolean {
    for (const [known, end] of this.#used) {
      if (end > now && this.#used.size < MAX_REMEMBERED) break
      this.#used.delete(known)
    }
    if (this.#used.has(key)) return false
    this.#used.set(key, now + LIFETIME + CLOCK_TOLERANCE)
    return true
  }
}

interface Proof {
  alg: string
  jwk: Json
  payload: Json
  signed: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
}

function readProof(proof: string): Proof | undefined {
  const parts = proof.split('.')
  if (proof.length > MAX_PROOF || parts.length !== 3) return undefined
  try {
    const [header, payload] = parts.slice(0, 2).map(part => JSON.parse(new TextDecoder().decode(bytesOf(part))) as Json)
    const { alg, typ, jwk } = header as { alg?: unknown; typ?: unknown; jwk?: Json }
    const isKnown = typeof alg === 'string' && Object.hasOwn(ALGORITHMS, alg) && typ === 'dpop+jwt'
    if (!isKnown || !jwk || 'd' in jwk || 'k' in jwk || jwk.kty !== ALGORITHMS[alg]!.kty) return undefined
    const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`)
    return { alg, jwk, payload: payload!, signed, signature: bytesOf(parts[2]!) }
  } catch {
    return undefined
  }
}

async function isSigned({ alg, jwk, signed, signature }: Proof): Promise<boolean> {
  const { key, verify } = ALGORITHMS[alg]!
  try {
    // Only what makes the key, so that what else stands in it (`use`, `key_ops`) hinders nothing.
    const bare = Object.fromEntries(THUMBPRINT[jwk.kty as string]!.map(name => [name, jwk[name]]))
    const imported = await crypto.subtle.importKey('jwk', bare, key as AlgorithmIdentifier, false, ['verify'])
    return await crypto.subtle.verify(verify as AlgorithmIdentifier, imported, signature, signed)
  } catch {
    return false
  }
}

function thumbprint(jwk: Json): Promise<string> {
  const names = THUMBPRINT[jwk.kty as string]!
  return sha256(JSON.stringify(Object.fromEntries(names.map(name => [name, jwk[name]]))))
}

function isSameAddress(htu: unknown, url: string): boolean {
  if (typeof htu !== 'string' || !URL.canParse(htu)) return false
  const { origin, pathname } = new URL(htu)
  return origin + pathname === url
}

async function sha256(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(text, each => each.charCodeAt(0))
}
