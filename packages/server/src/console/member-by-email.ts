import { emailForms } from '../companies/emails.ts'
import { findMembersByEmail } from '../store/queries/memberships.ts'
import type { Store } from '../store/store.ts'

/** The member of a company who has an e-mail there; undefined where there is none, or several have it. */
export async function findMemberByEmail(store: Store, companyId: number, email: string): Promise<number | undefined> {
  const [member, ...others] = await findMembersByEmail(store, companyId, emailForms(email))
  return others.length === 0 ? member?.user_id : undefined
}
