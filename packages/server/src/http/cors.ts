import { cors } from 'hono/cors'

const EXPOSED = ['WWW-Authenticate', 'X-Request-Id', 'Retry-After']

/** What lets a page of any origin read an answer of the API: it carries no cookie, only the token that the page has. */
export const openToAll = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': EXPOSED.join(','),
}

/** The same as a step before a route, preflight requests included. */
export function corsFor(allowMethods: string[], allowHeaders: string[]) {
  return cors({ origin: '*', allowMethods, allowHeaders, exposeHeaders: EXPOSED, maxAge: 86400 })
}
