import type { RequestContext, RouteStep } from './environment.ts'

/** Headers that every answer carries. Pages add their own Content-Security-Policy, see {@link protectPage}. */
export const securityHeaders: RouteStep = async (c, next) => {
  await next()
  const { headers } = c.res
  headers.set('X-Content-Type-Options', 'nosniff')
  headers.set('Referrer-Policy', 'no-referrer')
  headers.set('Cross-Origin-Opener-Policy', 'same-origin')
  if (!headers.has('Content-Security-Policy')) {
    headers.set('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'")
  }
  if (c.var.runtime.settings.origin.startsWith('https:')) {
    headers.set('Strict-Transport-Security', 'max-age=31536000')
  }
}

/**
 * A page loads nothing from elsewhere, is never framed, cached or told on.
 * @param formTargets where the page's forms may lead, beyond this server
 */
export function protectPage(c: RequestContext, formTargets: readonly string[] = []) {
  const formAction = ["'self'", ...formTargets].join(' ')
  c.header(
    'Content-Security-Policy',
    `default-src 'none'; style-src 'self'; img-src 'self' data:; form-action ${formAction}; frame-ancestors 'none'; base-uri 'none'`,
  )
  c.header('X-Frame-Options', 'DENY')
  c.header('Cache-Control', 'no-store')
}
