import type { Runtime } from '../config/runtime.ts'
import { actingAs } from '../http/acting.ts'
import type { RequestContext } from '../http/environment.ts'
import { PageError } from '../pages/error-page.ts'
import { pageLanguage } from '../pages/page.ts'
import { guardStore } from '../store/guarded-store.ts'
import { findActiveMembership } from '../store/queries/active-memberships.ts'
import { isDeveloper, isOwner, requireDeveloper, requireOwner } from '../store/queries/app-owners.ts'
import type { CompanyVisit } from './company-access.ts'

/**
 * The signed-in person as a member of a company where apps may be developed, whether or not they may register some themself.
 * @throws {PageError} 404 for who is no member there, and where companies develop no apps
 */
export async function visitDevelopers(
  c: RequestContext,
  companyId: number = Number(c.req.param('company_id')),
): Promise<CompanyVisit> {
  const { runtime } = c.var
  const membership =
    runtime.settings.companyApps && Number.isSafeInteger(companyId)
      ? await findActiveMembership(runtime.store, companyId, c.var.signedIn!.user.user_id)
      : undefined
  if (!membership) throw new PageError(404, 'error.notFound')
  const language = pageLanguage(c, undefined, membership.locale)
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: membership.timezone ?? 'UTC' })
  return { companyId, membership, language, day: time => format.format(time) }
}

/** Who may act here: those who may register apps for the company, and for one app its owners and the company's administrators. */
interface Developer {
  companyId: number
  /** The app that is changed; none where one is registered. */
  clientId?: string
}

/** @throws {PageError} 403 for a member who may register no apps, 404 for an app that is not theirs to change */
export async function requireDevelopers(c: RequestContext, visit: CompanyVisit, clientId?: string): Promise<void> {
  const { store } = c.var.runtime
  const { user_id } = c.var.signedIn!.user
  const { companyId, membership } = visit
  if (!(await isDeveloper(store, companyId, user_id))) {
    throw new PageError(403, 'developer.notAllowed', { company: membership.company_name })
  }
  if (clientId !== undefined && !(await isOwner(store, companyId, user_id, clientId))) {
    throw new PageError(404, 'error.notFound')
  }
}

/** The runtime for what developers change: nothing is committed once they may not any more, and the page says so then. */
export function actAsDeveloper(c: RequestContext, { companyId, clientId }: Developer): Runtime {
  const { store } = c.var.runtime
  const { user_id } = c.var.signedIn!.user
  const condition =
    clientId === undefined
      ? requireDeveloper(store, companyId, user_id)
      : requireOwner(store, companyId, user_id, clientId)
  const check = async () => requireDevelopers(c, await visitDevelopers(c, companyId), clientId)
  return { ...actingAs(c, 'user', user_id), store: guardStore(store, { require: [condition], check }) }
}
