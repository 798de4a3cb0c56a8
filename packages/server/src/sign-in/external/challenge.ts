import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { authenticate } from '../../config/keys.ts'
import type { Runtime } from '../../config/runtime.ts'

/** Milliseconds for which the platform's page can answer. */
export const CHALLENGE_LIFETIME = 60 * 60 * 1000

/** What the platform's own page is asked, and for which browser. */
export interface Challenge {
  kind: 'login' | 'consent'
  id: string
  /** Milliseconds since 1970. */
  issuedAt: number
  /** The hash of a secret that only this browser has. */
  browser: string
  /** Where the person goes on afterwards: a path on this server. */
  returnTo: string
  clientId?: string | undefined
  userId?: number
  companyId?: number | undefined
  scopes?: string[]
  /** For whom the person may install the app. */
  installFor?: ('me' | 'company')[]
  loginHint?: string | undefined
  uiLocales?: string | undefined
  reauthenticate?: boolean
}

/**
 * A challenge as a text that only this server can make. It is not kept: visitors who never sign in leave nothing behind.
 * @param browserSecret a cookie's value
 */
export function issueChallenge(
  { keys, clock }: Runtime,
  browserSecret: string,
  about: Omit<Challenge, 'id' | 'issuedAt' | 'browser'>,
): string {
  const challenge: Challenge = {
    ...about,
    id: randomBytes(18).toString('base64url'),
    issuedAt: clock(),
    browser: hashOfBrowser(browserSecret),
  }
  const text = Buffer.from(JSON.stringify(challenge)).toString('base64url')
  return `${text}.${seal(keys.forms[0]!, 'challenge', text)}`
}

/** What a challenge says, or undefined where this server did not make it. It may be too old by now. */
export function readChallenge({ keys }: Runtime, challenge: string): Challenge | undefined {
  const [text, given] = challenge.split('.')
  if (!text || !given || !isSealed(keys.forms, 'challenge', text, given)) return undefined
  return JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Challenge
}

export function isFor(challenge: Challenge, browserSecret: string | undefined): boolean {
  return browserSecret !== undefined && challenge.browser === hashOfBrowser(browserSecret)
}

/** What the browser brings back: only the one that the platform answered has it. */
export function verifierOf({ keys }: Runtime, { id }: Challenge): string {
  return `${id}.${seal(keys.forms[0]!, 'verifier', id)}`
}

/** The id of a challenge, if the verifier is genuine. */
export function readVerifier({ keys }: Runtime, verifier: string): string | undefined {
  const [id, given] = verifier.split('.')
  return id && given && isSealed(keys.forms, 'verifier', id, given) ? id : undefined
}

function hashOfBrowser(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

function seal(key: Uint8Array, purpose: 'challenge' | 'verifier', text: string): string {
  return authenticate(key, purpose, text).toString('base64url')
}

function isSealed(keys: readonly Uint8Array[], purpose: 'challenge' | 'verifier', text: string, given: string) {
  const actual = Buffer.from(given)
  return keys.some(key => {
    const expected = Buffer.from(seal(key, purpose, text))
    return actual.length === expected.length && timingSafeEqual(actual, expected)
  })
}
