import { OAuthError } from '../../http/errors.ts'
import { parseScopes } from '../../tokens/scopes.ts'
import { type Grant, requireParameter } from './grant.ts'
import { refresh } from './refresh-rotation.ts'

/**
 * A refresh token for its successor (RFC 6749 section 6).
 * @throws {OAuthError} `invalid_request`, `invalid_grant`, `invalid_scope`
 */
export const exchangeRefreshToken: Grant = (runtime, app, form, jkt, ahead) => {
  const presented = requireParameter(form, 'refresh_token')
  const scope = form.get('scope')
  const requested = scope === undefined ? undefined : parseScopes(scope, app.profile)
  if (scope !== undefined && !requested?.length) throw new OAuthError('invalid_scope', 'The scope is malformed.')
  return refresh(runtime, app, presented, { scopes: requested, resource: form.get('resource'), jkt }, ahead)
}
