import type { BearerRecord } from '../store/queries/bearer.ts'
import { languageId } from './language-ids.ts'
import { timezoneOffset } from './timezone-offset.ts'

/**
 * A user at a company, in the order of keys that clients know.
 * @param now milliseconds since 1970, for the time zone's offset
 */
export function describeUser(user: BearerRecord, now: number) {
  const [languageCode, countryCode] = user.locale.split('_')
  const timezoneName = user.timezone ?? 'UTC'
  return {
    id: user.userId,
    name: user.name,
    default_currency: user.currency,
    locale: user.locale,
    lang: languageId(user.locale),
    email: user.email,
    phone: user.phone,
    activated: true,
    last_login: user.lastLoginAt === null ? null : formatTime(user.lastLoginAt),
    created: formatTime(user.createdAt),
    modified: user.modifiedAt === null ? null : formatTime(user.modifiedAt),
    signup_flow_variation: user.signupFlowVariation,
    has_created_company: user.hasCreatedCompany === 1,
    is_admin: user.isAdmin,
    timezone_name: timezoneName,
    timezone_offset: timezoneOffset(timezoneName, now),
    active_flag: true,
    role_id: user.roleId,
    icon_url: user.iconUrl,
    is_you: true,
    company_id: user.companyId,
    company_name: user.companyName,
    company_domain: user.companyDomain,
    company_country: user.companyCountry,
    company_industry: user.companyIndustry,
    language: { language_code: languageCode, country_code: countryCode },
  }
}

/** `YYYY-MM-DD HH:MM:SS` in UTC. */
function formatTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ')
}
