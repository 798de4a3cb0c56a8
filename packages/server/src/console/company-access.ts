import { html } from 'hono/html'
import type { Runtime } from '../config/runtime.ts'
import { actingAs } from '../http/acting.ts'
import type { RequestContext } from '../http/environment.ts'
import { accountFooter } from '../pages/account-footer.ts'
import { companyLogo, companyTile } from '../pages/components.ts'
import { PageError } from '../pages/error-page.ts'
import type { Language } from '../pages/languages.ts'
import { type Fragment, type MessageKey, say } from '../pages/messages.ts'
import { pageLanguage, showPage } from '../pages/page.ts'
import { guardStore } from '../store/guarded-store.ts'
import { findActiveMembership, requireAdministratorOf } from '../store/queries/active-memberships.ts'
import { listLogoVersions } from '../store/queries/company-logos.ts'
import type { MembershipWithCompany } from '../store/queries/memberships.ts'

/** A page of a company's console, and the member who opened it: an administrator, but for the developers' pages. */
export interface CompanyVisit {
  companyId: number
  membership: MembershipWithCompany
  language: Language
  /** A day, as the administrator writes it. */
  day(time: number): string
}

/**
 * The signed-in person as an administrator of the company in the address, as they are now.
 * @throws {PageError} 404 for who is no member there, 403 for a member who is no administrator
 */
export async function visitCompany(c: RequestContext): Promise<CompanyVisit> {
  const companyId = Number(c.req.param('company_id'))
  const membership = await requireConsole(c, companyId)
  const language = pageLanguage(c, undefined, membership.locale)
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: membership.timezone ?? 'UTC' })
  return { companyId, membership, language, day: time => format.format(time) }
}

async function requireConsole(c: RequestContext, companyId: number): Promise<MembershipWithCompany> {
  const { user } = c.var.signedIn!
  const membership = Number.isSafeInteger(companyId)
    ? await findActiveMembership(c.var.runtime.store, companyId, user.user_id)
    : undefined
  if (!membership) throw new PageError(404, 'error.notFound')
  if (membership.is_admin !== 1) throw new PageError(403, 'console.notAdmin', { company: membership.company_name })
  return membership
}

/**
 * The runtime for what an administrator changes: nothing is committed once they are none any more, and the page says so then,
 * as {@link visitCompany} does.
 */
export function actAsAdministrator(c: RequestContext, { companyId }: CompanyVisit): Runtime {
  const { user_id } = c.var.signedIn!.user
  const { store } = c.var.runtime
  const require = requireAdministratorOf(store, companyId, user_id)
  const guarded = guardStore(store, { require, check: () => requireConsole(c, companyId) })
  return { ...actingAs(c, 'user', user_id), store: guarded }
}

const SECTIONS = [
  ['', 'console.apps'],
  ['/members', 'console.members'],
  ['/requests', 'console.requests'],
  ['/rules', 'console.rules'],
  ['/developer', 'developer.title'],
  ['/log', 'console.log'],
] as const satisfies readonly (readonly [string, MessageKey])[]

export type Section = (typeof SECTIONS)[number][0]

/** The sections that someone may open. */
function sectionsFor({ settings }: Runtime, { is_admin }: MembershipWithCompany) {
  return SECTIONS.filter(([path]) => (path === '/developer' ? settings.companyApps : is_admin === 1))
}

interface ConsolePage {
  section: Section
  title: string
  body: Fragment
  status?: 200 | 403 | 409 | 422 | 429
  /** Where it can be read in another language, if not by its own address. */
  address?: string
  /** The path of a script of ours. */
  script?: string
}

/** Shows a page of the console: the company, its sections, and what the page is about. */
export async function showConsole(
  c: RequestContext,
  visit: CompanyVisit,
  { section, title, body, status, script, address }: ConsolePage,
) {
  const { companyId, language, membership } = visit
  const logos = await listLogoVersions(c.var.runtime.store, [companyId])
  const logo = companyLogo(companyId, logos.get(companyId))
  const company = { name: membership.company_name, domain: membership.company_domain, logo }
  return showPage(c, {
    language,
    title: `${title} · ${membership.company_name}`,
    wide: true,
    status: status ?? 200,
    ...(script !== undefined && { script }),
    ...(address !== undefined && { address }),
    footer: accountFooter(c, language, '/sign-in'),
    body: html`
${companyTile(say(language, 'console.company'), company)}
<nav class="sections" aria-label="${say(language, 'console.sections')}"><ul>${sectionsFor(
      c.var.runtime,
      membership,
    ).map(
      ([path, key]) =>
        html`<li><a href="${companyPath(companyId, path)}"${path === section ? html` aria-current="page"` : ''}>${say(language, key)}</a></li>`,
    )}</ul></nav>
<h1>${title}</h1>
${body}`,
  })
}

export function companyPath(companyId: number, rest = ''): string {
  return `/company/${companyId}${rest}`
}
