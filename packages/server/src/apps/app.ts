import type { IdTokenAlgorithm } from '../config/id-token-algorithms.ts'
import type { AppRateLimits } from '../config/rate-limits.ts'
import type { AppFacts } from '../store/queries/apps.ts'
import { type CompatibilityProfile, storedScopes } from '../tokens/scopes.ts'

/** A registered OAuth client. */
export interface App {
  clientId: string
  name: string
  maker: string | null
  redirectUris: string[]
  scopes: string[]
  profile: CompatibilityProfile
  isPublic: boolean
  requirePkce: boolean
  /** Whether it must send its authorization requests beforehand (RFC 9126). */
  requirePar: boolean
  /** Whether its tokens must be bound to a key (RFC 9449). */
  requireDpop: boolean
  /** Whether it may sign people in by the device flow (RFC 8628). */
  deviceFlow: boolean
  /** For whom it can be installed. */
  install: 'user' | 'company' | 'both'
  uninstallUrl: string | null
  disabledAt: number | null
  createdAt: number
  homeUrl: string | null
  privacyUrl: string | null
  termsUrl: string | null
  /** When the platform found out who makes it. */
  verifiedAt: number | null
  /** Who said so: the kind and the id of the actor. */
  verifiedBy: string | null
  /** Requests a minute that hold for it instead of the configured limits. */
  rateLimits: AppRateLimits | null
  /** How its ID tokens are signed. */
  idTokenAlgorithm: IdTokenAlgorithm
  /** Where people may be sent after they signed out. */
  postLogoutRedirectUris: string[]
  /** Is told of sessions that end (OpenID Connect Back-Channel Logout). */
  backchannelLogoutUrl: string | null
  /** Of an app that registered itself. */
  registrationTokenHash: Uint8Array | null
  /** When it is deleted if no one has allowed it; null once someone has, and for all other apps. */
  unusedUntil: number | null
  /** Of an app whose client id is the address of a document: when that is to be read again. */
  documentExpiresAt: number | null
  /** The company whose people develop it; null for an app of the operators. */
  companyId: number | null
  /** When it was opened to all companies; until then an app that a company develops is for that company alone. */
  publishedAt: number | null
  hasIcon: boolean
  /** Its public keys as a JSON Web Key Set, if it authenticates with `private_key_jwt`. */
  jwks: string | null
  /** Where they are, instead. */
  jwksUri: string | null
  secretHash: Uint8Array | null
  /** Whether its secret is stored encrypted, for uninstall callbacks. */
  keepsSecret: boolean
}

/** Who registered an app: an operator, a company that develops it, or the app itself; or it is described by a document. */
export const REGISTERED_BY = ['operator', 'company', 'itself', 'document'] as const
export type RegisteredBy = (typeof REGISTERED_BY)[number]

export function registeredBy({ documentExpiresAt, registrationTokenHash, companyId }: App): RegisteredBy {
  if (documentExpiresAt !== null) return 'document'
  if (registrationTokenHash !== null) return 'itself'
  return companyId === null ? 'operator' : 'company'
}

/** Whether an app is open to all companies, as apps of the operators are. */
export function isPublished({ companyId, publishedAt }: Pick<App, 'companyId' | 'publishedAt'>): boolean {
  return companyId === null || publishedAt !== null
}

/** Whether people of a company may allow an app as far as its developers' company is concerned. */
export function isOpenTo(app: Pick<App, 'companyId' | 'publishedAt'>, companyId: number): boolean {
  return isPublished(app) || app.companyId === companyId
}

export function toApp(row: AppFacts): App {
  return {
    clientId: row.client_id,
    name: row.name,
    maker: row.maker,
    redirectUris: JSON.parse(row.redirect_uris),
    scopes: storedScopes(row.scopes),
    profile: row.profile,
    isPublic: row.public === 1,
    requirePkce: row.require_pkce === 1,
    requirePar: row.require_par === 1,
    requireDpop: row.require_dpop === 1,
    deviceFlow: row.device_flow === 1,
    install: row.install,
    uninstallUrl: row.uninstall_url,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
    homeUrl: row.home_url,
    privacyUrl: row.privacy_url,
    termsUrl: row.terms_url,
    verifiedAt: row.verified_at,
    verifiedBy: row.verified_by,
    rateLimits: row.rate_limits === null ? null : JSON.parse(row.rate_limits),
    idTokenAlgorithm: row.id_token_algorithm ?? 'RS256',
    postLogoutRedirectUris: JSON.parse(row.post_logout_redirect_uris ?? '[]'),
    backchannelLogoutUrl: row.backchannel_logout_url,
    registrationTokenHash: row.registration_token_hash,
    unusedUntil: row.unused_until,
    documentExpiresAt: row.document_expires_at,
    companyId: row.company_id,
    publishedAt: row.published_at,
    hasIcon: row.icon_type !== null,
    jwks: row.jwks,
    jwksUri: row.jwks_uri,
    secretHash: row.secret_hash,
    keepsSecret: row.encrypted_secret !== null,
  }
}
