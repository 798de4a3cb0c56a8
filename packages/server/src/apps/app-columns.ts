import type { z } from 'zod'
import { describeChange } from '../audit/record.ts'
import type { AppRateLimits } from '../config/rate-limits.ts'
import type { Runtime } from '../config/runtime.ts'
import type { AppColumns, AppRow } from '../store/queries/apps.ts'
import { parseScopes } from '../tokens/scopes.ts'
import type { appChange } from './app-input.ts'

const DESCRIBED = [
  'name',
  'maker',
  'icon',
  'redirect_uris',
  'scopes',
  'profile',
  'public',
  'require_pkce',
  'require_par',
  'require_dpop',
  'device_flow',
  'install',
  'jwks',
  'jwks_uri',
  'uninstall_url',
  'disabled_at',
  'home_url',
  'privacy_url',
  'terms_url',
  'verified_at',
  'company_id',
  'published_at',
  'rate_limits',
  'id_token_algorithm',
  'post_logout_redirect_uris',
  'backchannel_logout_url',
] as const

/** For the audit log. */
export function describeAppChange(before: Partial<AppRow>, after: AppRow) {
  return describeChange(before, after, DESCRIBED, { isPerson: false })
}

/** What a change of a registration writes. */
export function toColumns({ clock, actor }: Runtime, given: z.output<typeof appChange>, before: AppRow): AppColumns {
  const now = clock()
  const becomesFapi2 = given.profile === 'fapi2' && before.profile !== 'fapi2'
  return {
    ...(becomesFapi2 && { require_pkce: 1, require_par: 1, require_dpop: 1, device_flow: 0 }),
    ...(becomesFapi2 && before.id_token_algorithm !== 'EdDSA' && { id_token_algorithm: 'ES256' }),
    ...(given.disabled !== undefined && { disabled_at: given.disabled ? (before.disabled_at ?? now) : null }),
    ...(given.published && before.company_id !== null && { published_at: before.published_at ?? now }),
    // What all companies could allow stays open to them.
    ...(given.companyId !== undefined &&
      given.companyId !== before.company_id && {
        company_id: given.companyId,
        published_at: before.published_at ?? now,
      }),
    ...(given.name !== undefined && { name: given.name }),
    ...(given.maker !== undefined && { maker: given.maker }),
    ...(given.icon !== undefined && { icon: given.icon?.bytes ?? null, icon_type: given.icon?.type ?? null }),
    ...(given.redirectUris !== undefined && { redirect_uris: JSON.stringify(given.redirectUris) }),
    ...(given.scopes !== undefined && { scopes: parseScopes(given.scopes.join(' '), 'standard')!.join(' ') }),
    ...(given.profile !== undefined && { profile: given.profile }),
    ...(given.requirePkce !== undefined && { require_pkce: given.requirePkce || before.public === 1 ? 1 : 0 }),
    ...(given.requireDpop !== undefined && { require_dpop: given.requireDpop ? 1 : 0 }),
    ...(given.requirePar !== undefined && { require_par: given.requirePar ? 1 : 0 }),
    ...(given.deviceFlow !== undefined && { device_flow: given.deviceFlow ? 1 : 0 }),
    ...(given.install !== undefined && { install: given.install }),
    ...(given.jwks && { jwks: JSON.stringify(given.jwks), jwks_uri: null }),
    ...(given.jwksUri && { jwks_uri: given.jwksUri, jwks: null }),
    ...(given.uninstallUrl !== undefined && { uninstall_url: given.uninstallUrl }),
    ...(given.homeUrl !== undefined && { home_url: given.homeUrl }),
    ...(given.privacyUrl !== undefined && { privacy_url: given.privacyUrl }),
    ...(given.termsUrl !== undefined && { terms_url: given.termsUrl }),
    ...(given.rateLimits !== undefined && { rate_limits: rateLimitsText(given.rateLimits) }),
    ...(given.idTokenAlgorithm !== undefined && { id_token_algorithm: given.idTokenAlgorithm }),
    ...(given.postLogoutRedirectUris !== undefined && {
      post_logout_redirect_uris: JSON.stringify(given.postLogoutRedirectUris),
    }),
    ...(given.backchannelLogoutUrl !== undefined && { backchannel_logout_url: given.backchannelLogoutUrl }),
    // A name or a redirect URI that is another was not verified.
    ...(isChanged(given, before) && { verified_at: null, verified_by: null }),
    ...(given.verified === false && { verified_at: null, verified_by: null }),
    ...(given.verified === true &&
      (before.verified_at === null || isChanged(given, before)) && {
        verified_at: now,
        verified_by: [actor?.type ?? 'library', ...(actor?.id ? [actor.id] : [])].join(' '),
      }),
  }
}

/** Whether what was verified is changed: who it says it is, and where it sends people. */
function isChanged({ name, maker, redirectUris, homeUrl }: z.output<typeof appChange>, before: AppRow): boolean {
  return (
    (name !== undefined && name !== before.name) ||
    (maker !== undefined && maker !== before.maker) ||
    (homeUrl !== undefined && homeUrl !== before.home_url) ||
    (redirectUris !== undefined && JSON.stringify(redirectUris) !== before.redirect_uris)
  )
}

/** As it is stored. */
export function rateLimitsText(limits: AppRateLimits | null | undefined): string | null {
  return limits && Object.keys(limits).length > 0 ? JSON.stringify(limits) : null
}
