import type { RouteHandler } from '../http/environment.ts'
import { requireCountedBearer } from '../tokens/counted-bearer.ts'
import { intersection, storedScopes } from '../tokens/scopes.ts'
import { describePerson } from './claims.ts'

/** `GET` and `POST /oauth/userinfo` (OpenID Connect Core section 5.3): whom the token speaks for, as its scopes tell. */
export const userinfo: RouteHandler = async c => {
  const bearer = await requireCountedBearer(c, 'me', 'openid')
  c.header('Cache-Control', 'no-store')
  return c.json(describePerson(bearer, intersection(storedScopes(bearer.scopes), storedScopes(bearer.appScopes))))
}
