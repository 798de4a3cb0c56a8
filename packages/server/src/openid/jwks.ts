import type { RouteHandler } from '../http/environment.ts'
import { JWKS_LIFETIME, publicSigningKeys } from './signing-keys.ts'

/** `GET /.well-known/jwks.json`: the public keys that ID tokens and logout tokens are signed with (RFC 7517 section 5). */
export const jwks: RouteHandler = async c => {
  const keys = await publicSigningKeys(c.var.runtime)
  c.header('Cache-Control', `public, max-age=${JWKS_LIFETIME}`)
  return c.json({ keys })
}
