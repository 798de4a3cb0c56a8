import { ConnectError } from '../errors.ts'
import { isId } from '../ids.ts'
import { readUsersMe } from './identity.ts'
import { type IdentityContext, isLoopback, type Provider } from './provider.ts'
import { readUserinfo } from './userinfo.ts'

export interface TenantryProviderOptions {
  /** The provider's address, `https://id.example.com`. */
  issuer: string
  /** Part of every link's key; for an app that works with several Tenantry providers. */
  name?: string
  /** As the app was registered; `standard` unless said otherwise. */
  profile?: 'standard' | 'pipedrive'
  /**
   * Sign in by OpenID Connect: who someone is comes from userinfo and the ID token. The app is registered for `openid profile
   * email`, and needs the scope `base` for nothing.
   */
  openid?: boolean
  /** Where `api_domain` may lead besides the issuer's own host and those below it. */
  apiHosts?: readonly string[]
  /** Allow an issuer on plain HTTP beyond this machine: for a sandbox in another container. */
  allowHttp?: boolean
}

const languageIds = {
  1: 'en-US',
  2: 'en-GB',
  3: 'et-EE',
  4: 'fr-FR',
  5: 'de-DE',
  6: 'es-ES',
  7: 'pt-BR',
  8: 'ja-JP',
  9: 'ar-SA',
}

/**
 * A Tenantry provider.
 * @throws {ConnectError} `configuration_invalid`
 * @example
 * ```ts
 * import { tenantry } from '@tenantry/connect'
 * const provider = tenantry({ issuer: 'https://id.example.com' })
 * console.log(provider.tokenEndpoint)
 * ```
 */
export function tenantry(options: TenantryProviderOptions): Provider {
  if (!URL.canParse(options.issuer)) {
    throw new ConnectError(
      'configuration_invalid',
      `issuer: ${options.issuer} is not an address such as https://id.example.com.`,
    )
  }
  const { origin, host, hostname, protocol, pathname } = new URL(options.issuer)
  if (protocol !== 'https:' && !(protocol === 'http:' && (options.allowHttp || isLoopback(hostname)))) {
    throw new ConnectError(
      'configuration_invalid',
      `issuer: ${options.issuer} must use https. For a sandbox in another container, say allowHttp: true.`,
    )
  }
  const base = origin + pathname.replace(/\/+$/, '')
  const standard = (options.profile ?? 'standard') === 'standard'
  return {
    name: options.name ?? 'tenantry',
    issuer: base,
    requiresIss: standard,
    authorizationEndpoint: `${base}/oauth/authorize`,
    tokenEndpoint: `${base}/oauth/token`,
    revocationEndpoint: `${base}/oauth/revoke`,
    ...(options.openid
      ? {
          identityEndpoint: `${base}/oauth/userinfo`,
          readIdentity: (answer, { tokenAnswer }) => ({
            ...readUserinfo(answer, tokenAnswer === null ? undefined : (tokenAnswer.id_token ?? null)),
            ...installedAs(tokenAnswer),
          }),
        }
      : {
          identityEndpoint: base === origin ? '/users/me' : `${base}/users/me`,
          readIdentity: (answer, { tokenAnswer }) => ({
            ...readUsersMe(answer, languageIds),
            ...installedAs(tokenAnswer),
          }),
        }),
    apiDomain: origin,
    apiHosts: [host, `*.${host}`, ...(options.apiHosts ?? [])],
    scopeSeparator: standard ? ' ' : ',',
    companyParameter: 'company_id',
    clientCredentials: { companyParameter: 'company_id' },
    ...(options.allowHttp && { allowHttp: true }),
  }
}

/** Whom the app is installed for, as the token endpoint says it; not said again later. */
function installedAs(answer: IdentityContext['tokenAnswer']) {
  if (answer === null) return {}
  if (answer.install_for !== 'company') return { kind: 'user' as const }
  const { installed_by: by } = answer
  return { kind: 'company' as const, ...(typeof by === 'number' && isId('integer', by) && { installedBy: by }) }
}
