import { hashSecret, newToken } from '../tokens/token-text.ts'
import type { TransferRow } from '../transfer/tables.ts'
import type { Group } from './population.ts'

/** Apps of the made-up population are `load-1`, `load-2` and so on. */
export const APPS = 20

const LOCALES = ['en_US', 'en_US', 'en_GB', 'et_EE', 'fr_FR', 'de_DE', 'es_ES', 'pt_BR', 'ja_JP', 'ar_SA']
const TIMEZONES = [
  null,
  'UTC',
  'America/New_York',
  'Europe/Helsinki',
  'Europe/Berlin',
  'Asia/Tokyo',
  'America/Sao_Paulo',
]
const DAY = 24 * 3600 * 1000

/** Ids start after these, so that a population can be added to others. */
export interface Offsets {
  company: number
  user: number
}

export function appRow(app: number, now: number): TransferRow {
  return {
    client_id: clientId(app),
    name: `Load ${app}`,
    maker: null,
    icon_type: null,
    icon: null,
    redirect_uris: JSON.stringify([`https://load-${app}.example/callback`]),
    scopes: 'base users:read',
    profile: 'standard',
    public: 0,
    require_pkce: 0,
    jwks: null,
    jwks_uri: null,
    device_flow: 1,
    // The secret is unknown: tokens of this app are used, and none are issued.
    secret_hash: hashSecret(newToken('at', 1)),
    encrypted_secret: null,
    uninstall_url: null,
    disabled_at: null,
    created_at: now,
    id_token_algorithm: null,
    post_logout_redirect_uris: null,
    backchannel_logout_url: null,
    registration_token_hash: null,
    unused_until: null,
    require_par: 0,
    require_dpop: 0,
    document_expires_at: null,
    home_url: null,
    privacy_url: null,
    terms_url: null,
    verified_at: null,
    verified_by: null,
    rate_limits: null,
    install: 'user',
    company_id: null,
    published_at: null,
  }
}

export function clientId(app: number): string {
  return `load-${app}`
}

export function companyRows(companyId: number, now: number): { company: TransferRow; domain: TransferRow } {
  const domain = `load-${companyId}`
  return {
    company: {
      company_id: companyId,
      name: `Company ${companyId}`,
      domain,
      country: 'EE',
      industry: 'Software, App Development',
      suspended_at: null,
      created_at: now,
      app_policy: 'allow',
      blocked_apps: null,
      blocked_scopes: null,
      blocked_hosts: null,
      developers: 'none',
    },
    domain: { domain, company_id: companyId },
  }
}

export function userRow(userId: number, now: number): TransferRow {
  return {
    user_id: userId,
    email: `user-${userId}@load.example`,
    name: `User ${userId}`,
    locale: pick(LOCALES, userId),
    timezone: pick(TIMEZONES, userId),
    // These users cannot sign in.
    password_hash: null,
    password_changed_at: null,
    active: 1,
    deleted_at: null,
    last_company_id: null,
    created_at: now,
  }
}

export function membershipRow(companyId: number, userId: number, isHome: boolean, now: number): TransferRow {
  return {
    company_id: companyId,
    user_id: userId,
    name: `User ${userId}`,
    email: isHome ? `user-${userId}@load.example` : `guest-${userId}@load-${companyId}.example`,
    phone: null,
    locale: pick(LOCALES, userId + companyId),
    timezone: pick(TIMEZONES, userId),
    currency: 'EUR',
    is_admin: userId % 10 === 0 ? 1 : 0,
    role_id: 1 + (userId % 3),
    icon_url: null,
    has_created_company: 0,
    signup_flow_variation: null,
    active: 1,
    user_active: 1,
    created_at: now,
    modified_at: null,
    last_login_at: now,
    app_client_id: null,
  }
}

/** A grant: the pair of tokens is new, and only the text of the access token can be had. */
export function tokenRows(
  of: { companyId: number; userId: number; app: number; family: string; lifetime: number },
  now: number,
): { accessToken: string; access: TransferRow; refresh: TransferRow } {
  const accessToken = newToken('at', of.companyId)
  const grant = {
    company_id: of.companyId,
    user_id: of.userId,
    client_id: clientId(of.app),
    family_id: of.family,
    scopes: 'base users:read',
    created_at: now,
  }
  return {
    accessToken,
    access: { ...grant, token_hash: hashSecret(accessToken), expires_at: now + of.lifetime },
    refresh: {
      ...grant,
      token_hash: hashSecret(newToken('rt', of.companyId)),
      expires_at: now + 60 * DAY,
      used_at: null,
      access_generation: 0,
    },
  }
}

/** Members by id, at home first. */
export function* membersOf(
  { firstUser, homeUsers, guests }: Group,
  offsets: Offsets,
): Generator<{ userId: number; isHome: boolean }> {
  for (let index = 0; index < homeUsers; index++) yield { userId: offsets.user + firstUser + index, isHome: true }
  for (const guest of guests) yield { userId: offsets.user + guest, isHome: false }
}

function pick<Value>(values: readonly Value[], at: number): Value {
  return values[at % values.length]!
}
