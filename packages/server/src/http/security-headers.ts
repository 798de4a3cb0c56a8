import type { Settings } from '../config/settings.ts'
import type { PageContext, RouteStep } from './environment.ts'

/**
 * Headers that every answer carries. Pages replace the Content-Security-Policy, see {@link protectPage}. There is no
 * Cross-Origin-Opener-Policy: apps open the authorization page in a popup and wait for `window.opener` on their callback.
 */
export function commonHeaders({ origin }: Settings): Record<string, string> {
  return {
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    ...(origin.startsWith('https:') && { 'Strict-Transport-Security': 'max-age=31536000' }),
  }
}

/** Set before the response is created: changing it afterwards would create it again. */
export function securityHeaders(settings: Settings): RouteStep {
  const headers = Object.entries(commonHeaders(settings))
  return (c, next) => {
    for (const [name, value] of headers) c.header(name, value)
    return next()
  }
}

/**
 * A page loads nothing from other hosts, and is never framed, cached or sent as a referrer.
 * @param formTargets where the page's forms may lead, beyond this server
 * @param hasScript whether it runs a script of this server, which may ask this server
 */
export function protectPage(c: PageContext, formTargets: readonly string[] = [], hasScript = false) {
  const { login, consent } = c.var.runtime.settings
  // Answers to our forms lead to the platform's own pages; Chromium checks redirects as well.
  const ownPages = [login?.signOutUrl, consent?.url].flatMap(url => (url === undefined ? [] : [new URL(url).origin]))
  const formAction = [...new Set(["'self'", ...formTargets, ...ownPages])].join(' ')
  c.header(
    'Content-Security-Policy',
    `default-src 'none'; ${hasScript ? "script-src 'self'; connect-src 'self'; " : ''}style-src 'self'; img-src 'self' data:; form-action ${formAction}; frame-ancestors 'none'; base-uri 'none'`,
  )
  c.header('X-Frame-Options', 'DENY')
  c.header('Cache-Control', 'no-store')
}
