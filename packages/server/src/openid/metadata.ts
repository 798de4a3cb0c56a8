import { ID_TOKEN_ALGORITHMS } from '../config/id-token-algorithms.ts'
import type { Settings } from '../config/settings.ts'
import { supportedClaims } from './claims.ts'
import { ACR_VALUES } from './id-token.ts'

/** What OpenID Connect adds to the server's metadata (Discovery section 3). */
export function openidMetadata({ origin }: Settings) {
  return {
    jwks_uri: `${origin}/.well-known/jwks.json`,
    userinfo_endpoint: `${origin}/oauth/userinfo`,
    end_session_endpoint: `${origin}/oauth/logout`,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ID_TOKEN_ALGORITHMS,
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    acr_values_supported: ACR_VALUES,
    claim_types_supported: ['normal'],
    claims_supported: [...supportedClaims, 'auth_time', 'acr', 'amr', 'nonce', 'sid'],
    claims_parameter_supported: true,
    request_parameter_supported: true,
    request_uri_parameter_supported: false,
  }
}
