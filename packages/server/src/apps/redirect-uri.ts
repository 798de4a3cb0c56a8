/** An http URI on this very machine, taken apart so that its port can be left out (RFC 8252 section 7.3). */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::(\d{1,5}))?((?:[/?].*)?)$/

/** Schemes that a browser runs or opens itself, and that no app can own. */
const FORBIDDEN_SCHEMES = new Set([
  'javascript:',
  'data:',
  'vbscript:',
  'file:',
  'blob:',
  'about:',
  'ftp:',
  'ws:',
  'wss:',
])

/**
 * Whether a requested redirect URI is the registered one, character by character; of loopback URIs the port may vary
 * (RFC 9700 section 2.1, RFC 8252 section 7.3).
 */
export function matchesRedirectUri(registered: string, requested: string): boolean {
  if (requested === registered) return true
  const [expected, actual] = [LOOPBACK.exec(registered), LOOPBACK.exec(requested)]
  if (!expected || !actual) return false
  const portFits = actual[2] === undefined || (Number(actual[2]) >= 1 && Number(actual[2]) <= 65535)
  return portFits && expected[1] === actual[1] && expected[3] === actual[3]
}

/** Why a URI cannot be registered, or undefined when it can. */
export function redirectUriMistake(uri: string): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(uri) || !URL.canParse(uri)) return `${uri} is not an absolute URI.`
  const url = new URL(uri)
  if (uri.includes('#')) return `${uri} must not have a fragment (RFC 6749 section 3.1.2).`
  if (url.username || url.password) return `${uri} must not hold credentials.`
  if (url.protocol === 'https:') return undefined
  if (url.protocol === 'http:') {
    return LOOPBACK.test(uri) ? undefined : `${uri} must use https; http is for 127.0.0.1, [::1] and localhost only.`
  }
  if (FORBIDDEN_SCHEMES.has(url.protocol)) return `${uri} has a scheme that cannot be redirected to.`
  return url.protocol.includes('.')
    ? undefined
    : `${uri} needs a scheme with a dot, such as com.example.app:/callback (RFC 8252 section 7.1).`
}

/**
 * Where a form that ends in a redirect to this URI must be allowed to lead, as Content-Security-Policy sources.
 * Browsers check each hop of the redirects that follow, so an app on https may go on to any https address.
 */
export function formTargets(redirectUri: string): string[] {
  const { protocol } = new URL(redirectUri)
  if (protocol === 'https:') return ['https:']
  if (protocol === 'http:') return ['http:', 'https:']
  return [protocol, 'https:']
}
