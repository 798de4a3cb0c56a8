import { randomBytes, timingSafeEqual } from 'node:crypto'
import { authenticate } from '../config/keys.ts'
import { readCookie, writeCookie } from './cookies.ts'
import type { RequestContext } from './environment.ts'
import type { Parameters } from './form.ts'

/**
 * The token that a page's forms carry: tied to the session, or before there is one to a cookie of this browser, so
 * that no other site can post a form in someone's name.
 */
export function formToken(c: RequestContext): string {
  const { signedIn } = c.var
  return signedIn ? sessionToken(c, signedIn.sessionId) : browserFormToken(c)
}

/** The token of the sign-in page, which may be shown and sent whoever is signed in meanwhile. */
export function browserFormToken(c: RequestContext): string {
  return browserToken(c, readCookie(c, 'form') ?? newBrowserValue(c))
}

/** Whether a posted form came from a page that this browser was shown while the same person was signed in. */
export function holdsFormToken(c: RequestContext, form: Parameters): boolean {
  const { signedIn } = c.var
  return signedIn ? equals(form, sessionToken(c, signedIn.sessionId)) : holdsBrowserToken(c, form)
}

/** Whether a posted form came from a sign-in page that this browser was shown. */
export function holdsBrowserToken(c: RequestContext, form: Parameters): boolean {
  const value = readCookie(c, 'form')
  return value !== undefined && equals(form, browserToken(c, value))
}

function sessionToken(c: RequestContext, sessionId: string): string {
  return authenticate(c.var.runtime.keys.forms, 'session', sessionId).toString('base64url')
}

function browserToken(c: RequestContext, value: string): string {
  return authenticate(c.var.runtime.keys.forms, 'browser', value).toString('base64url')
}

function newBrowserValue(c: RequestContext): string {
  const value = randomBytes(16).toString('base64url')
  writeCookie(c, 'form', value)
  return value
}

function equals(form: Parameters, token: string): boolean {
  const expected = Buffer.from(token)
  const given = Buffer.from(form.get('form_token') ?? '')
  return given.length === expected.length && timingSafeEqual(given, expected)
}
