import { getCookie, setCookie } from 'hono/cookie'
import type { RequestContext } from './environment.ts'

export type CookieName = 'session' | 'form' | 'known_browser' | 'language' | 'link' | 'try'

/** The value of one of our cookies, if the browser sent it. */
export function readCookie(c: RequestContext, name: CookieName): string | undefined {
  return getCookie(c, cookieName(c, name))
}

/**
 * Sets one of our cookies: HttpOnly, SameSite=Lax, for the whole host; Secure with the `__Host-` prefix on https.
 * @param maxAge seconds; none for a cookie that ends with the browser, 0 to remove it
 */
export function writeCookie(c: RequestContext, name: CookieName, value: string, maxAge?: number) {
  setCookie(c, cookieName(c, name), value, {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: isHttps(c),
    ...(maxAge === undefined ? {} : { maxAge }),
  })
}

function cookieName(c: RequestContext, name: CookieName): string {
  return isHttps(c) ? `__Host-tenantry_${name}` : `tenantry_${name}`
}

function isHttps(c: RequestContext): boolean {
  return c.var.runtime.settings.origin.startsWith('https:')
}
