import { timingSafeEqual } from 'node:crypto'
import { authenticate } from '../config/keys.ts'
import { randomSecret } from '../config/random.ts'
import { readCookie, writeCookie } from './cookies.ts'
import type { PageContext, SignedIn } from './environment.ts'
import type { Parameters } from './form.ts'

/**
 * The token that a page's forms carry: tied to the session, or before there is one to a cookie of this browser, so
 * that no other site can post a form in someone's name.
 */
export function formToken(c: PageContext): string {
  const { signedIn } = c.var
  return signedIn ? tokensOfSession(c, signedIn)[0]! : browserFormToken(c)
}

/** The token of the sign-in page, which is valid for every browser. */
export function browserFormToken(c: PageContext): string {
  return tokensOf(c, 'browser', browserValue(c))[0]!
}

/** Whether a posted form came from a page that this browser was shown while the same person was signed in. */
export function holdsFormToken(c: PageContext, form: Parameters): boolean {
  const { signedIn } = c.var
  return signedIn ? holdsOneOf(form, tokensOfSession(c, signedIn)) : holdsBrowserToken(c, form)
}

/** Whether a posted form came from a sign-in page that this browser was shown. */
export function holdsBrowserToken(c: PageContext, form: Parameters): boolean {
  const value = readCookie(c, 'form')
  return value !== undefined && holdsOneOf(form, tokensOf(c, 'browser', value))
}

const ofSessions = new WeakMap<SignedIn, string[]>()

/** The same for every form of a page. */
function tokensOfSession(c: PageContext, signedIn: SignedIn): string[] {
  const tokens = ofSessions.get(signedIn) ?? tokensOf(c, 'session', signedIn.sessionId)
  ofSessions.set(signedIn, tokens)
  return tokens
}

/** Under each key, the current one first. */
function tokensOf(c: PageContext, kind: 'session' | 'browser', value: string): string[] {
  return c.var.runtime.keys.forms.map(key => authenticate(key, kind, value).toString('base64url'))
}

/** Values that browsers are given by the answers to these requests. */
const givenValues = new WeakMap<PageContext, string>()

/** A secret that only this browser has, from before anyone signs in: the same however often it is asked for. */
export function browserValue(c: PageContext): string {
  return readCookie(c, 'form') ?? givenValues.get(c) ?? newBrowserValue(c)
}

function newBrowserValue(c: PageContext): string {
  const value = randomSecret(16).toString('base64url')
  givenValues.set(c, value)
  writeCookie(c, 'form', value)
  return value
}

function holdsOneOf(form: Parameters, tokens: string[]): boolean {
  const given = Buffer.from(form.get('form_token') ?? '')
  return tokens.some(token => {
    const expected = Buffer.from(token)
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
}
