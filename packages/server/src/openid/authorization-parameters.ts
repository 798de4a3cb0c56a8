import type { Runtime } from '../config/runtime.ts'
import { OAuthError } from '../http/errors.ts'
import type { Parameters } from '../http/form.ts'
import { scopesOfClaims } from './claims.ts'
import { ACR_VALUES, type HintedSignIn, readIdTokenHint } from './id-token.ts'
import { parseSubject, type Subject } from './subject.ts'

/** What OpenID Connect adds to an authorization request (Core section 3.1.2.1), checked. */
export interface OpenidParameters {
  nonce: string | undefined
  /** Seconds since the person last proved who they are. */
  maxAge: number | undefined
  /** Whom the app expects: where someone else is signed in, they are asked to sign in again. */
  hint: HintedSignIn | undefined
  /** Who alone will do. */
  subject: Subject | undefined
  /** How strongly the person must have proved who they are: one of these. */
  acrValues: readonly string[] | undefined
  /** Scopes that tell claims which were asked for by name. */
  claimScopes: readonly string[]
}

const MAX_NONCE = 512
const MAX_CLAIMS = 16_384

/** @throws {OAuthError} `invalid_request`, and `invalid_id_token_hint` is one */
export async function checkOpenidParameters(
  runtime: Runtime,
  clientId: string,
  parameters: Parameters,
): Promise<OpenidParameters> {
  return {
    nonce: checkNonce(parameters.get('nonce')),
    maxAge: checkMaxAge(parameters.get('max_age')),
    hint: await checkHint(runtime, clientId, parameters.get('id_token_hint')),
    ...checkClaims(parameters.get('claims')),
  }
}

function checkNonce(nonce: string | undefined): string | undefined {
  if (nonce === undefined || nonce.length <= MAX_NONCE) return nonce
  throw invalid(`nonce: at most ${MAX_NONCE} characters.`)
}

function checkMaxAge(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,10}$/.test(text)) throw invalid('max_age: must be a number of seconds.')
  return Number(text)
}

async function checkHint(runtime: Runtime, clientId: string, text: string | undefined) {
  if (text === undefined) return undefined
  const hint = await readIdTokenHint(runtime, text)
  if (hint?.clientId === clientId) return hint
  throw invalid('id_token_hint: must be an ID token that this server has given this client.')
}

type JsonObject = Readonly<Record<string, unknown>>

/** The parameter `claims` (OpenID Connect Core section 5.5): the claims' scopes are asked for, so that the person sees them. */
function checkClaims(text: string | undefined): Pick<OpenidParameters, 'subject' | 'acrValues' | 'claimScopes'> {
  if (text === undefined) return { subject: undefined, acrValues: undefined, claimScopes: [] }
  const claims = parseObject(text)
  const [idToken, userinfo] = [memberOf(claims, 'id_token'), memberOf(claims, 'userinfo')]
  const subjects = [idToken, userinfo].flatMap(member => {
    const value = memberOf(member, 'sub').value
    return value === undefined ? [] : [String(value)]
  })
  if (new Set(subjects).size > 1) throw invalid('claims: id_token and userinfo name different values of sub.')
  return {
    subject: subjects[0] === undefined ? undefined : (parseSubject(subjects[0]) ?? NO_ONE),
    acrValues: essentialAcr(memberOf(idToken, 'acr')),
    claimScopes: scopesOfClaims([...Object.keys(idToken), ...Object.keys(userinfo)]),
  }
}

/** Ids begin with 1. */
const NO_ONE: Subject = { companyId: 0, userId: 0 }

function parseObject(text: string): JsonObject {
  let claims: unknown
  try {
    if (text.length <= MAX_CLAIMS) claims = JSON.parse(text)
  } catch {
    // Refused below.
  }
  if (isObject(claims)) return claims
  throw invalid(`claims: must be a JSON object of at most ${MAX_CLAIMS} characters.`)
}

/** An entry of an object; an empty object where there is none, since null asks for a claim without conditions. */
function memberOf(object: JsonObject, name: string): JsonObject {
  const member = Object.hasOwn(object, name) ? (object[name] ?? {}) : {}
  if (isObject(member)) return member
  throw invalid(`claims: ${name} must be an object or null.`)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What is not essential is told as it is (OpenID Connect Core section 5.5.1.1). */
function essentialAcr({ essential, value, values }: JsonObject): string[] | undefined {
  const wanted = [value, values].flat().filter(each => each !== undefined)
  if (essential !== true || wanted.length === 0) return undefined
  return ACR_VALUES.filter(each => wanted.includes(each))
}

function invalid(description: string): OAuthError {
  return new OAuthError('invalid_request', description)
}
