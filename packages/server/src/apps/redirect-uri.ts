import { isLocalHost } from '../http/outbound/public-address.ts'

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

export interface RedirectUriRules {
  /** Private-use schemes without a dot that the operator has named. */
  allowSchemes?: readonly string[]
  /** Whether http may lead to this machine's neighbours too: in the sandbox. */
  localAllowed?: boolean
}

/** What is wrong with an address that an app wants to register; pages say it in the person's language. */
export type UrlMistake =
  | 'noScheme'
  | 'notAbsolute'
  | 'wildcard'
  | 'fragment'
  | 'credentials'
  | 'https'
  | 'local'
  | 'forbiddenScheme'
  | 'bareScheme'

/** Why a URI cannot be registered, and what to do about it; undefined when it can. */
export function redirectUriMistake(uri: string, rules: RedirectUriRules = {}): string | undefined {
  const mistake = findRedirectUriMistake(uri, rules)
  return mistake && explain(uri, mistake)
}

/** The same by its name. */
export function findRedirectUriMistake(
  uri: string,
  { allowSchemes = [], localAllowed = false }: RedirectUriRules = {},
): Exclude<UrlMistake, 'local'> | undefined {
  if (/^(localhost|[\w-]+(\.[\w-]+)+|\[[\da-f:]+\])(:\d+)?(\/|$)/i.test(uri)) return 'noScheme'
  if (!/^[\x21-\x7e]+$/.test(uri) || !URL.canParse(uri)) return 'notAbsolute'
  const url = new URL(uri)
  if (uri.includes('*')) return 'wildcard'
  if (uri.includes('#')) return 'fragment'
  if (url.username || url.password) return 'credentials'
  if (url.protocol === 'https:') return undefined
  if (url.protocol === 'http:') {
    return LOOPBACK.test(uri) || (localAllowed && isLocalHost(url.hostname)) ? undefined : 'https'
  }
  if (FORBIDDEN_SCHEMES.has(url.protocol)) return 'forbiddenScheme'
  const scheme = url.protocol.slice(0, -1)
  return scheme.includes('.') || allowSchemes.includes(scheme) ? undefined : 'bareScheme'
}

/** What an address without a scheme was probably meant to be. */
export function withScheme(uri: string): string {
  return `${/^(localhost|127\.|\[::1\])/i.test(uri) ? 'http' : 'https'}://${uri}`
}

function explain(uri: string, mistake: Exclude<UrlMistake, 'local'>): string {
  switch (mistake) {
    case 'noScheme':
      return `${uri} has no scheme. Did you mean ${withScheme(uri)}?`
    case 'notAbsolute':
      return `${uri} is not an absolute URI.`
    case 'wildcard':
      return `${uri} holds a *. Redirect URIs match exactly (RFC 9700 section 2.1): register each.`
    case 'fragment':
      return `${uri} must not have a fragment (RFC 6749 section 3.1.2).`
    case 'credentials':
      return `${uri} must not hold credentials.`
    case 'https':
      return `${uri} must use https; http is for 127.0.0.1, [::1] and localhost only.`
    case 'forbiddenScheme':
      return `${uri} has a scheme that cannot be redirected to.`
    case 'bareScheme': {
      const scheme = new URL(uri).protocol.slice(0, -1)
      return `${uri} has a scheme without a dot, which any program can claim (RFC 8252 section 7.1). Use one such as com.example.app:/callback, or name it if the app is well known by it: --allow-scheme ${scheme} (allowSchemes).`
    }
  }
}

/**
 * Where a form that ends in a redirect to this URI must be allowed to lead, as Content-Security-Policy sources.
 * Browsers check each hop of the redirects that follow, so an app on https may redirect to any https address.
 */
export function formTargets(redirectUri: string): string[] {
  const { protocol } = new URL(redirectUri)
  if (protocol === 'https:') return ['https:']
  if (protocol === 'http:') return ['http:', 'https:']
  return [protocol, 'https:']
}
