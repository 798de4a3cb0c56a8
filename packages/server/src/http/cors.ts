import type { RouteStep } from './environment.ts'

const EXPOSED = [
  'WWW-Authenticate',
  'DPoP-Nonce',
  'X-Request-Id',
  'Retry-After',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
]

/** Lets a page of any origin read an answer of the API: it carries no cookie, only the token that the page has. */
export const openToAll = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': EXPOSED.join(','),
}

/** Seconds that a browser may keep the answer to a preflight request. */
const PREFLIGHT_LIFETIME = 86_400
/** A field name of RFC 9110 section 5.1. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const MAX_FIELD_NAMES = 100

/**
 * The step before a route that pages of any origin may call, preflight requests included. Requested headers are all
 * allowed, since tracing libraries add their own; credentials never are.
 */
export function corsFor(methods: readonly string[]): RouteStep {
  const allowedMethods = methods.join(',')
  return async (c, next) => {
    for (const [name, value] of Object.entries(openToAll)) c.header(name, value)
    if (c.req.method !== 'OPTIONS') return next()
    c.header('Access-Control-Allow-Methods', allowedMethods)
    c.header('Access-Control-Max-Age', String(PREFLIGHT_LIFETIME))
    c.header('Vary', 'Access-Control-Request-Headers', { append: true })
    const requested = readFieldNames(c.req.header('Access-Control-Request-Headers') ?? '')
    if (requested.length > 0) c.header('Access-Control-Allow-Headers', requested.join(','))
    return c.body(null, 204)
  }
}

function readFieldNames(text: string): string[] {
  return text
    .split(',', MAX_FIELD_NAMES)
    .map(name => name.trim())
    .filter(name => FIELD_NAME.test(name))
}
