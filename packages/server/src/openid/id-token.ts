import { hash } from 'node:crypto'
import { compactVerify, createLocalJWKSet, errors, type JWTPayload, SignJWT } from 'jose'
import { ID_TOKEN_ALGORITHMS, type IdTokenAlgorithm } from '../config/id-token-algorithms.ts'
import type { Runtime } from '../config/runtime.ts'
import { findCompany } from '../store/queries/companies.ts'
import { findMembership } from '../store/queries/memberships.ts'
import { describePerson, type Person } from './claims.ts'
import { toPerson } from './person.ts'
import type { SignIn } from './sign-in.ts'
import { currentSigningKey, publicSigningKeys } from './signing-keys.ts'
import { parseSubject, type Subject } from './subject.ts'

/** Seconds. */
const LIFETIME = 3600
const TYPE = 'JWT'

/** Whom an ID token is for, and what it goes with. */
export interface IdTokenFacts extends Subject {
  clientId: string
  algorithm: IdTokenAlgorithm
  /** What was granted: decides what the token tells of the person. */
  scopes: readonly string[]
  signIn: SignIn
  /** The access token that is given with it. */
  accessToken: string
}

/**
 * An ID token (OpenID Connect Core section 2): who signed in, at which company, when and how.
 * @returns undefined where the person is no member of the company any more
 */
export async function issueIdToken(runtime: Runtime, facts: IdTokenFacts): Promise<string | undefined> {
  const { clientId, algorithm, scopes, signIn, accessToken } = facts
  const person = await findPerson(runtime, facts)
  if (!person) return undefined
  const { sub, ...claims } = describePerson(person, scopes)
  const { keyId, privateKey } = await currentSigningKey(runtime, algorithm)
  const now = Math.floor(runtime.clock() / 1000)
  const { nonce, authTime, methods, sid } = signIn
  return new SignJWT({
    ...claims,
    ...(nonce !== undefined && { nonce }),
    auth_time: authTime,
    amr: methods,
    acr: acrOf(methods),
    at_hash: halfHash(algorithm, accessToken),
    sid,
  })
    .setProtectedHeader({ alg: algorithm, kid: keyId, typ: TYPE })
    .setIssuer(runtime.settings.origin)
    .setSubject(sub)
    .setAudience(clientId)
    .setIssuedAt(now)
    .setExpirationTime(now + LIFETIME)
    .sign(privateKey)
}

async function findPerson({ store }: Runtime, { companyId, userId }: Subject): Promise<Person | undefined> {
  const [member, company] = await Promise.all([findMembership(store, companyId, userId), findCompany(store, companyId)])
  return member && company && toPerson(member, company)
}

/** How strongly a person proved who they are: `2` by several factors, `1` by one. */
export const ACR_VALUES = ['1', '2']

/** @param methods in the words of RFC 8176 */
export function acrOf(methods: readonly string[]): string {
  return methods.includes('mfa') ? '2' : '1'
}

/** The left half of a hash, as `at_hash` holds it (OpenID Connect Core section 3.1.3.6). */
function halfHash(algorithm: IdTokenAlgorithm, text: string): string {
  // Ed25519 hashes with SHA-512 itself, and clients take that.
  const digest = hash(algorithm === 'EdDSA' ? 'sha512' : 'sha256', text, 'buffer')
  return digest.subarray(0, digest.length / 2).toString('base64url')
}

/** What an ID token of ours says that comes back as a hint. */
export interface HintedSignIn extends Subject {
  clientId: string
  sid: string | undefined
}

/**
 * Reads an `id_token_hint`: an ID token that this server has signed, expired or not (OpenID Connect Core section 3.1.2.1).
 * @returns undefined for anything else
 */
export async function readIdTokenHint(runtime: Runtime, text: string): Promise<HintedSignIn | undefined> {
  const payload = await verifyOwn(runtime, text)
  const { sub, aud, sid } = payload ?? {}
  const subject = typeof sub === 'string' ? parseSubject(sub) : undefined
  if (!subject || typeof aud !== 'string') return undefined
  return { ...subject, clientId: aud, sid: typeof sid === 'string' ? sid : undefined }
}

/** Its signature and its issuer alone: a hint may have expired since. */
async function verifyOwn(runtime: Runtime, text: string): Promise<JWTPayload | undefined> {
  const keys = createLocalJWKSet({ keys: await publicSigningKeys(runtime) })
  try {
    const { payload, protectedHeader } = await compactVerify(text, keys, { algorithms: [...ID_TOKEN_ALGORITHMS] })
    if (protectedHeader.typ !== TYPE) return undefined
    const claims = JSON.parse(new TextDecoder().decode(payload)) as JWTPayload
    return claims.iss === runtime.settings.origin ? claims : undefined
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError) {
      return undefined
    }
    throw error
  }
}
