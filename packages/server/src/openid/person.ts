import type { MembershipRow } from '../store/queries/memberships.ts'
import type { Person } from './claims.ts'

/** A member of a company as claims tell of them. */
export function toPerson(member: MembershipRow, company: { name: string; domain: string }): Person {
  return {
    companyId: member.company_id,
    userId: member.user_id,
    name: member.name,
    email: member.email === '' ? null : member.email,
    phone: member.phone,
    locale: member.locale,
    timezone: member.timezone,
    isAdmin: member.is_admin,
    roleId: member.role_id,
    iconUrl: member.icon_url,
    modifiedAt: member.modified_at,
    companyName: company.name,
    companyDomain: company.domain,
  }
}
