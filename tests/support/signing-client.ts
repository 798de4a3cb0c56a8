import { randomUUID } from 'node:crypto'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { NewApp } from 'tenantry'
import { CALLBACK, ORIGIN, type TestProvider } from './provider.ts'

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export interface SigningKey {
  jwk: JWK
  privateKey: CryptoKey
  algorithm: string
}

export async function makeSigningKey(kid: string, algorithm = 'ES256'): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  return { jwk: { ...(await exportJWK(publicKey)), alg: algorithm, kid }, privateKey, algorithm }
}

/** An app's server that signs what it sends. */
export class SigningClient {
  readonly #provider: TestProvider
  readonly id: string
  key: SigningKey

  private constructor(provider: TestProvider, id: string, key: SigningKey) {
    this.#provider = provider
    this.id = id
    this.key = key
  }

  /** Registers it with its key, unless it says where its keys are. */
  static async create(provider: TestProvider, app: Partial<NewApp> = {}, key?: SigningKey): Promise<SigningClient> {
    const used = key ?? (await makeSigningKey('k1'))
    const keys = app.jwksUri ? {} : { jwks: { keys: [used.jwk] } }
    const { id } = await provider.registerApp({ ...keys, ...app })
    return new SigningClient(provider, id, used)
  }

  sign(claims: object, header: object = {}, key = this.key): Promise<string> {
    const now = Math.floor(this.#provider.now() / 1000)
    return new SignJWT({ iss: this.id, aud: ORIGIN, iat: now, exp: now + 60, jti: randomUUID(), ...claims })
      .setProtectedHeader({ alg: key.algorithm, kid: key.jwk.kid!, ...header })
      .sign(key.privateKey)
  }

  assertion(claims: object = {}): Promise<string> {
    return this.sign({ sub: this.id, ...claims })
  }

  /** A signed authorization request (RFC 9101). */
  requestObject(claims: object = {}, header: object = {}, key = this.key): Promise<string> {
    const request = { client_id: this.id, response_type: 'code', redirect_uri: CALLBACK, state: 's', ...claims }
    return this.sign(request, { typ: 'oauth-authz-req+jwt', ...header }, key)
  }

  async post(path: string, form: Record<string, string>, more: Record<string, string> = {}, assertion = {}) {
    const answer = await this.#provider.fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...more },
      body: new URLSearchParams({
        ...form,
        client_assertion_type: ASSERTION_TYPE,
        client_assertion: await this.assertion(assertion),
      }).toString(),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, string> }
  }
}
