import { describe, expect, it } from 'vitest'
import { Prover } from '../../../tests/support/prover.ts'
import { ProofVerifier } from './dpop.ts'
import { isResourceError, protect } from './index.ts'

const URL_OF_NOTES = 'https://notes.example/notes'
const at = () => Math.floor(Date.now() / 1000)
type Wrong = Parameters<Prover['prove']>[1]

describe('DPoP at a resource server', () => {
  const proof = (by: Prover, wrong?: Wrong) =>
    by.prove({ method: 'GET', url: URL_OF_NOTES, at: at(), accessToken: 'a-token' }, wrong)
  const callOf = (by: Prover) => ({ method: 'GET', url: URL_OF_NOTES, accessToken: 'a-token', jkt: by.thumbprint })

  it.each(['ES256', 'ES384', 'Ed25519', 'EdDSA', 'PS256', 'RS256'])(
    '[OA-27] a resource server takes a proof by %s, once',
    async algorithm => {
      const prover = await Prover.create(algorithm)
      const verifier = new ProofVerifier()
      const good = await proof(prover)
      expect(await verifier.findFault(good, callOf(prover))).toBeUndefined()
      expect(await verifier.findFault(good, callOf(prover))).toBe('it was used before')
    },
  )

  it('[OA-27] a resource server refuses every proof that is not about this request and this key', async () => {
    const [prover, other] = [await Prover.create(), await Prover.create()]
    const verifier = new ProofVerifier()
    const wrongs: Wrong[] = [
      { claims: { htm: 'POST' } },
      { claims: { htu: 'https://notes.example/other' } },
      { claims: { htu: 7 } },
      { claims: { ath: 'x' } },
      { claims: { ath: undefined } },
      { claims: { iat: at() - 61 } },
      { claims: { iat: at() + 30 } },
      { claims: { iat: 'x' } },
      { claims: { jti: undefined } },
      { header: { typ: 'JWT' } },
      { header: { jwk: undefined } },
      { header: { jwk: other.jwk } },
      { header: { jwk: { ...prover.jwk, d: 'x' } } },
      { header: { jwk: { kty: 'oct', k: 'x' } } },
      { header: { jwk: {} } },
    ]
    for (const wrong of wrongs) {
      expect([wrong, typeof (await verifier.findFault(await proof(prover, wrong), callOf(prover)))]).toEqual([
        wrong,
        'string',
      ])
    }
    for (const garbage of [undefined, null, '', 'x', 'a.b.c', 'e30.e30.', 'x'.repeat(10_000)]) {
      expect(await verifier.findFault(garbage, callOf(prover))).toBeTypeOf('string')
    }
    const unsigned = `${Buffer.from(JSON.stringify({ alg: 'none', typ: 'dpop+jwt', jwk: prover.jwk })).toString('base64url')}.e30.`
    expect(await verifier.findFault(unsigned, callOf(prover))).toBeTypeOf('string')
    expect(await verifier.findFault(await proof(other), callOf(prover))).toBe(
      'the access token is bound to another key',
    )
  })

  it('[OA-27] used proofs are forgotten once they have run out', async () => {
    const prover = await Prover.create()
    const verifier = new ProofVerifier()
    const later = await proof(prover, { claims: { iat: at() + 100 } })
    const good = await proof(prover)
    expect(await verifier.findFault(good, callOf(prover), at())).toBeUndefined()
    expect(await verifier.findFault(later, callOf(prover), at() + 100)).toBeUndefined()
    expect(await verifier.findFault(good, callOf(prover), at() + 100)).toBe('iat is not now')
  })

  it('[OA-27] a bound token is no bearer token, and a bearer token none of a key', async () => {
    const prover = await Prover.create()
    let cnf: object | undefined
    const answer = () => ({
      ...{ active: true, scope: '', client_id: 'x', exp: at() + 60, sub: 'c1-u7', company_id: 1, user_id: 7 },
      ...{ aud: 'https://notes.example', iss: 'https://id.example.com', ...(cnf && { cnf }) },
    })
    const notes = protect({
      issuer: 'https://id.example.com',
      identifier: 'https://notes.example',
      credentials: { clientId: 'rs', clientSecret: 'its secret' },
      fetch: async () => Response.json({ results: [answer()] }),
    })
    const check = async (scheme: string, dpop?: string) => {
      try {
        return (await notes.check({ url: '/notes', method: 'GET', authorization: `${scheme} a-token`, dpop })).userId
      } catch (error) {
        return isResourceError(error) ? [error.status, error.headers['WWW-Authenticate']?.split(' ')[0]] : error
      }
    }
    expect(await check('Bearer')).toBe(7)
    expect(await check('DPoP', await proof(prover))).toEqual([401, 'DPoP'])
    cnf = { jkt: prover.thumbprint }
    expect(await check('Bearer')).toEqual([401, 'Bearer'])
    expect(await check('Bearer', await proof(prover))).toEqual([401, 'Bearer'])
    expect(await check('DPoP')).toEqual([401, 'DPoP'])
    expect(await check('DPoP', await proof(await Prover.create()))).toEqual([401, 'DPoP'])
    expect(await check('DPoP', await proof(prover))).toBe(7)
  })
})
