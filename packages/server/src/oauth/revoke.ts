import { revokeToken } from '../apps/revoke-tokens.ts'
import { actingAs } from '../http/acting.ts'
import type { FormEndpoint } from '../http/environment.ts'
import { readOAuthForm } from '../http/form.ts'
import { authenticateClient } from './client-authentication.ts'
import { requireParameter } from './grants/grant.ts'
import { refuseSecretsInQuery } from './token.ts'

/**
 * `POST /oauth/revoke` (RFC 7009): a refresh token ends the installation with all its tokens, an access token only
 * itself. The answer is the same for an unknown token and for one of another client, so that it reveals nothing.
 */
export const revoke: FormEndpoint = async c => {
  refuseSecretsInQuery(c)
  const form = await readOAuthForm(c)
  const app = await authenticateClient(c, form)
  const token = requireParameter(form, 'token')
  await revokeToken(actingAs(c, 'app', app.clientId), token, app.clientId)
  return { success: true }
}
