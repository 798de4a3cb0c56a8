import { isPublished, registeredBy } from '../apps/app.ts'
import type { App } from '../apps/apps.ts'
import type { ClientSecretFacts } from '../apps/client-secrets.ts'
import { formatMoment } from './output.ts'

/** A client secret as `app show` prints it. */
export function describeSecret({ current, createdAt, expiresAt, lastUsedAt }: ClientSecretFacts) {
  return {
    current,
    created_at: formatMoment(createdAt),
    expires_at: formatMoment(expiresAt),
    last_used_at: formatMoment(lastUsedAt),
  }
}

/** An app as commands print it. */
export function describeApp(app: App) {
  return {
    client_id: app.clientId,
    name: app.name,
    maker: app.maker,
    redirect_uris: app.redirectUris,
    scopes: app.scopes,
    profile: app.profile,
    public: app.isPublic,
    require_pkce: app.requirePkce,
    require_par: app.requirePar,
    require_dpop: app.requireDpop,
    device_flow: app.deviceFlow,
    install: app.install,
    jwks_uri: app.jwksUri,
    uninstall_url: app.uninstallUrl,
    home_url: app.homeUrl,
    privacy_url: app.privacyUrl,
    terms_url: app.termsUrl,
    verified_at: app.verifiedAt === null ? null : formatMoment(app.verifiedAt),
    verified_by: app.verifiedBy,
    rate_limits: Object.entries(app.rateLimits ?? {}).map(([group, limit]) => `${group}=${limit || 'unlimited'}`),
    id_token_algorithm: app.idTokenAlgorithm,
    post_logout_redirect_uris: app.postLogoutRedirectUris,
    backchannel_logout_url: app.backchannelLogoutUrl,
    registered_by: registeredBy(app),
    company_id: app.companyId,
    published: isPublished(app),
    published_at: app.publishedAt === null ? null : formatMoment(app.publishedAt),
    has_icon: app.hasIcon,
    disabled: app.disabledAt !== null,
    created_at: formatMoment(app.createdAt),
  }
}
