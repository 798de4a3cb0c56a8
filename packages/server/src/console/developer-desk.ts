import { findRegisteredApp } from '../apps/apps.ts'
import { changeCompanyApp, registerCompanyApp } from '../apps/company-apps.ts'
import type { RequestContext } from '../http/environment.ts'
import { PageError } from '../pages/error-page.ts'
import type { AppDesk, AppDeskVisit } from './app-desk.ts'
import { type CompanyVisit, companyPath, showConsole } from './company-access.ts'
import { actAsDeveloper, requireDevelopers, visitDevelopers } from './developer-access.ts'
import { developerSections } from './developer-sections.ts'

/** Where the people of a company register apps. @throws {PageError} as {@link requireDevelopers} does */
export async function developerDesk(c: RequestContext): Promise<AppDesk> {
  const visit = await visitDevelopers(c)
  await requireDevelopers(c, visit)
  return deskOf(c, visit)
}

/** Where they look after one. @throws {PageError} the same */
export async function developerAppDesk(
  c: RequestContext,
  clientId: string = c.req.param('client_id') ?? '',
  companyId?: number,
): Promise<AppDeskVisit> {
  const visit = await visitDevelopers(c, companyId)
  await requireDevelopers(c, visit, clientId)
  const app = await findRegisteredApp(c.var.runtime, clientId)
  if (!app) throw new PageError(404, 'error.notFound')
  const desk = deskOf(c, visit, clientId)
  return {
    ...desk,
    app,
    change: entries => changeCompanyApp(desk.act(), clientId, entries),
    ownSections: () => developerSections(c, visit, app),
  }
}

function deskOf(c: RequestContext, visit: CompanyVisit, clientId?: string): AppDesk {
  const { companyId, language } = visit
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
  const act = () => actAsDeveloper(c, { companyId, ...(clientId !== undefined && { clientId }) })
  const ownerId = c.var.signedIn!.user.user_id
  return {
    language,
    moment: time => format.format(time),
    base: companyPath(companyId, '/developer'),
    companyId,
    show: page => showConsole(c, visit, { ...page, section: '/developer' }),
    act,
    register: entries => registerCompanyApp(act(), { companyId, ownerId }, entries),
  }
}
