import type { Runtime } from '../config/runtime.ts'
import { listCompanyInstallations } from '../store/queries/company-installations.ts'
import type { InstallationView } from '../store/queries/installations.ts'
import { listAccessOfMember } from '../store/queries/member-access.ts'
import { isInForce, type MembershipWithCompany } from '../store/queries/memberships.ts'
import { withoutBlocked } from '../tokens/scopes.ts'
import { isServed } from './app-verdict.ts'

/** How an app that is installed for a company serves one of its members. */
export interface Served {
  /** Scopes that it may have for the member, as they are stored. */
  scopes: string
  state: 'opened' | 'unopened' | 'leftOut'
}

/** An app as its person sees it: their own, or one of their company's. */
export type ConnectedApp = InstallationView & { served: Served | undefined }

/** What is installed for the companies of a person, and serves them. */
export async function listServed(
  { store }: Runtime,
  userId: number,
  memberships: readonly MembershipWithCompany[],
): Promise<{
  of(own: Pick<InstallationView, 'company_id' | 'client_id'>): Served | undefined
  unopenedBeside(own: readonly InstallationView[]): ConnectedApp[]
}> {
  const companyIds = memberships.filter(isInForce).map(({ company_id }) => company_id)
  const [installed, said] = await Promise.all([
    listCompanyInstallations(store, companyIds),
    listAccessOfMember(store, userId, companyIds),
  ])
  const saidOf = new Map(said.map(each => [keyOf(each), each]))
  const serving = installed.filter(each => isServed(each.audience, saidOf.get(keyOf(each))?.access))
  const byKey = new Map(serving.map(each => [keyOf(each), each]))
  return {
    of(own) {
      const installation = byKey.get(keyOf(own))
      return installation && { scopes: installation.scopes, state: 'opened' }
    },
    unopenedBeside(own) {
      const opened = new Set(own.map(keyOf))
      return serving
        .filter(each => !opened.has(keyOf(each)))
        .map(each => {
          const { left_out_at = null, withheld = null } = saidOf.get(keyOf(each)) ?? {}
          const scopes = withoutBlocked(each.scopes.split(' '), withheld).join(' ')
          const state = left_out_at === null ? 'unopened' : 'leftOut'
          return { ...each, user_id: userId, scopes, served: { scopes: each.scopes, state } }
        })
    },
  }
}

function keyOf({ company_id, client_id }: Pick<InstallationView, 'company_id' | 'client_id'>): string {
  return `${company_id} ${client_id}`
}
