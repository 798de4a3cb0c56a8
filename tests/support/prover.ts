import { createHash, randomUUID } from 'node:crypto'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

/** A client's key, with which it proves that a request is its own (RFC 9449). */
export class Prover {
  readonly jwk: JWK
  readonly thumbprint: string
  readonly #privateKey: CryptoKey
  readonly #algorithm: string

  private constructor(jwk: JWK, thumbprint: string, privateKey: CryptoKey, algorithm: string) {
    this.jwk = jwk
    this.thumbprint = thumbprint
    this.#privateKey = privateKey
    this.#algorithm = algorithm
  }

  static async create(algorithm = 'ES256'): Promise<Prover> {
    const { publicKey, privateKey } = await generateKeyPair(algorithm)
    const jwk = await exportJWK(publicKey)
    return new Prover(jwk, await calculateJwkThumbprint(jwk), privateKey, algorithm)
  }

  /**
   * @param at seconds since 1970
   * @param wrong what is to be other than it should be
   */
  async prove(
    { method, url, at, accessToken }: { method: string; url: string; at: number; accessToken?: string },
    wrong: { claims?: object; header?: object } = {},
  ): Promise<string> {
    const ath = accessToken && createHash('sha256').update(accessToken).digest('base64url')
    const claims = { htm: method, htu: url, jti: randomUUID(), iat: at, ...(ath && { ath }), ...wrong.claims }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: this.#algorithm, typ: 'dpop+jwt', jwk: this.jwk, ...wrong.header })
      .sign(this.#privateKey)
  }
}
