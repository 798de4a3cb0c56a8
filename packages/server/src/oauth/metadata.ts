import type { RouteHandler } from '../http/environment.ts'
import { openidMetadata } from '../openid/metadata.ts'
import { languages } from '../pages/languages.ts'
import { knownScopes } from '../pages/scope-descriptions.ts'
import { listResourceScopes } from '../store/queries/resource-servers.ts'
import { DPOP_ALGORITHMS } from '../tokens/dpop.ts'
import { CLIENT_ALGORITHMS } from './client-jwt.ts'
import { grants } from './token.ts'

const AUTHENTICATION = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']

/** `GET /.well-known/oauth-authorization-server` (RFC 8414) and `/.well-known/openid-configuration`: one document. */
export const metadata: RouteHandler = async c => {
  const { settings, store } = c.var.runtime
  const ofResources = (await listResourceScopes(store)).map(({ scope }) => scope)
  const { origin, scopes } = settings
  return c.json({
    issuer: origin,
    authorization_endpoint: `${origin}/oauth/authorize`,
    token_endpoint: `${origin}/oauth/token`,
    pushed_authorization_request_endpoint: `${origin}/oauth/par`,
    require_pushed_authorization_requests: false,
    device_authorization_endpoint: `${origin}/oauth/device_authorization`,
    client_id_metadata_document_supported: settings.metadataDocuments,
    revocation_endpoint: `${origin}/oauth/revoke`,
    ...(settings.registration !== 'off' && { registration_endpoint: `${origin}/oauth/register` }),
    introspection_endpoint: `${origin}/oauth/introspect`,
    scopes_supported: [...new Set([...knownScopes, ...Object.keys(scopes), ...ofResources])],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: Object.keys(grants),
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: [...AUTHENTICATION, 'none'],
    token_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS,
    revocation_endpoint_auth_methods_supported: [...AUTHENTICATION, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS,
    introspection_endpoint_auth_methods_supported: AUTHENTICATION,
    introspection_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS,
    dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
    authorization_response_iss_parameter_supported: true,
    ui_locales_supported: languages,
    request_object_signing_alg_values_supported: CLIENT_ALGORITHMS,
    ...openidMetadata(settings),
  })
}
