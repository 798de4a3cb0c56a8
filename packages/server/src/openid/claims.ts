import { formatSubject, type Subject } from './subject.ts'

/** A person at a company, as claims tell of them. */
export interface Person extends Subject {
  name: string
  /** Null for an app user. */
  email: string | null
  phone: string | null
  /** `ll_CC` */
  locale: string
  timezone: string | null
  isAdmin: number
  roleId: number
  iconUrl: string | null
  /** Milliseconds since 1970. */
  modifiedAt: number | null
  companyName: string
  companyDomain: string
}

type Claims = Record<string, string | number | boolean>

/** What each scope tells (OpenID Connect Core section 5.4), as the person is at the company. */
const claimsOfScope: Readonly<Record<string, (person: Person) => Claims>> = {
  profile: ({ name, locale, timezone, isAdmin, roleId, iconUrl, modifiedAt }) => ({
    name,
    locale: locale.replaceAll('_', '-'),
    zoneinfo: timezone ?? 'UTC',
    is_admin: isAdmin === 1,
    role_id: roleId,
    ...(iconUrl !== null && { picture: iconUrl }),
    ...(modifiedAt !== null && { updated_at: Math.floor(modifiedAt / 1000) }),
  }),
  // A company's administrator wrote it down: it is not known whether it is read by this person.
  email: ({ email }): Claims => (email === null ? {} : { email, email_verified: false }),
  phone: ({ phone }): Claims => (phone === null ? {} : { phone_number: phone, phone_number_verified: false }),
}

/** The scope that tells a claim. */
const scopeOfClaim: Readonly<Record<string, string>> = {
  name: 'profile',
  locale: 'profile',
  zoneinfo: 'profile',
  is_admin: 'profile',
  role_id: 'profile',
  picture: 'profile',
  updated_at: 'profile',
  email: 'email',
  email_verified: 'email',
  phone_number: 'phone',
  phone_number_verified: 'phone',
}

/** Those that an ID token or userinfo can hold. */
export const supportedClaims: readonly string[] = [
  'sub',
  'company_id',
  'company_name',
  'company_domain',
  'user_id',
  ...Object.keys(scopeOfClaim),
]

/** The scopes that are needed to tell some claims; claims that are told with any scope, or never, need none. */
export function scopesOfClaims(names: readonly string[]): string[] {
  const scopes = names.flatMap(name => (Object.hasOwn(scopeOfClaim, name) ? [scopeOfClaim[name]!] : []))
  return [...new Set(scopes)]
}

/** Who the person is at the company, and what the granted scopes tell of them. */
export function describePerson(person: Person, scopes: readonly string[]): { sub: string } & Claims {
  const { companyId, userId, companyName, companyDomain } = person
  const granted = scopes.flatMap(scope => (Object.hasOwn(claimsOfScope, scope) ? [claimsOfScope[scope]!(person)] : []))
  return {
    sub: formatSubject(person),
    company_id: companyId,
    company_name: companyName,
    company_domain: companyDomain,
    user_id: userId,
    ...Object.assign({}, ...granted),
  }
}
