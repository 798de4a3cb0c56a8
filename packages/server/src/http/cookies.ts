import { parse, serialize } from 'hono/utils/cookie'
import type { PageContext } from './environment.ts'

export type CookieName = 'session' | 'form' | 'known_browser' | 'language' | 'link' | 'try'

/** The value of one of our cookies, if the browser sent it. */
export function readCookie(c: PageContext, name: CookieName): string | undefined {
  const fullName = cookieName(c, name)
  return parse(c.req.header('Cookie') ?? '', fullName)[fullName]
}

/**
 * Sets one of our cookies: HttpOnly, SameSite=Lax, for the whole host; Secure with the `__Host-` prefix on https.
 * @param maxAge seconds; none for a cookie that ends with the browser, 0 to remove it
 */
export function writeCookie(c: PageContext, name: CookieName, value: string, maxAge?: number) {
  const cookie = serialize(cookieName(c, name), value, {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: isHttps(c),
    ...(maxAge === undefined ? {} : { maxAge }),
  })
  c.header('Set-Cookie', cookie, { append: true })
}

function cookieName(c: PageContext, name: CookieName): string {
  return isHttps(c) ? `__Host-tenantry_${name}` : `tenantry_${name}`
}

function isHttps(c: PageContext): boolean {
  return c.var.runtime.settings.origin.startsWith('https:')
}
