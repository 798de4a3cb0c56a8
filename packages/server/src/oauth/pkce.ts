import { hash, timingSafeEqual } from 'node:crypto'
import { OAuthError } from '../http/errors.ts'
import type { Parameters } from '../http/form.ts'
import { type AnswerTarget, AuthorizationError } from './authorization-answer.ts'

/** A SHA-256 digest in base64url. */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/

/**
 * The code challenge of an authorization request (RFC 7636 section 4.3), S256 only.
 * @throws {AuthorizationError} for `plain`, a malformed one, or none where the app must send one
 */
export function checkCodeChallenge(target: AnswerTarget, parameters: Parameters): string | undefined {
  const challenge = parameters.get('code_challenge')
  const method = parameters.get('code_challenge_method')
  const refuse = (description: string) => new AuthorizationError(target, 'invalid_request', description)
  if (challenge === undefined) {
    if (method !== undefined) throw refuse('code_challenge_method without code_challenge. Send both.')
    if (target.app.requirePkce) throw refuse('This app must send a code_challenge (PKCE, RFC 7636).')
    return undefined
  }
  if (method !== 'S256') throw refuse('The code_challenge_method must be S256.')
  if (!CHALLENGE.test(challenge)) throw refuse('The code_challenge must be a base64url SHA-256 digest.')
  return challenge
}

/**
 * A challenge given means a verifier is required; a verifier with no challenge is refused (RFC 9700 section 4.8.2).
 * @throws {OAuthError} `invalid_grant`
 */
export function checkCodeVerifier(challenge: string | null, verifier: string | undefined) {
  if (challenge === null) {
    if (verifier !== undefined) throw refuse('This code was asked for without a code_challenge.')
    return
  }
  if (verifier === undefined) throw refuse('The code_verifier is missing.')
  if (!VERIFIER.test(verifier)) throw refuse('The code_verifier must be 43 to 128 unreserved characters.')
  const digest = Buffer.from(hash('sha256', verifier, 'base64url'))
  if (!timingSafeEqual(digest, Buffer.from(challenge))) throw refuse('The code_verifier does not match.')
}

function refuse(description: string): OAuthError {
  return new OAuthError('invalid_grant', description)
}
