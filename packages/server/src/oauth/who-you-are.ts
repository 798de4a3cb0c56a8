import { html } from 'hono/html'
import type { Language } from '../pages/languages.ts'
import { type Fragment, say } from '../pages/messages.ts'
import type { MembershipWithCompany } from '../store/queries/memberships.ts'

type Profile = Pick<MembershipWithCompany, 'name' | 'email' | 'is_admin'>

/** What an app will learn of the person at a company, in one line. */
export function whoYouAreThere(language: Language, { name, email, is_admin }: Profile): string {
  return say(language, 'consent.asYou', { name, email, role: roleOf(language, is_admin) })
}

/** The same in short, for a list. */
export function profileLine(language: Language, { name, email, is_admin }: Profile): Fragment {
  return html`<bdi>${name}</bdi> · <bdi>${email}</bdi> · ${roleOf(language, is_admin)}`
}

function roleOf(language: Language, isAdmin: number): string {
  return say(language, isAdmin === 1 ? 'role.admin' : 'role.member')
}
