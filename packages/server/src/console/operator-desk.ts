import { type App, changeApp, createApp, findRegisteredApp } from '../apps/apps.ts'
import type { RequestContext } from '../http/environment.ts'
import { PageError } from '../pages/error-page.ts'
import type { AppDesk, AppDeskVisit } from './app-desk.ts'
import { actAsOperator, showOperatorPage, visitPlatform } from './operator-access.ts'
import { operatorSections } from './operator-sections.ts'

const BASE = '/operator'

/** Where operators register apps. @throws {PageError} as {@link visitPlatform} does */
export async function operatorDesk(c: RequestContext): Promise<AppDesk> {
  const visit = await visitPlatform(c)
  const act = () => actAsOperator(c, visit)
  return {
    language: visit.language,
    moment: visit.moment,
    base: BASE,
    show: page => showOperatorPage(c, visit, { section: 'none', ...page }),
    act,
    register: entries => createApp(act(), entries),
  }
}

/** Where operators look after an app. @throws {PageError} the same, and 404 where there is no such app */
export async function operatorAppDesk(
  c: RequestContext,
  clientId: string = c.req.param('client_id') ?? '',
): Promise<AppDeskVisit> {
  const desk = await operatorDesk(c)
  const app = await findRegisteredApp(c.var.runtime, clientId)
  if (!app) throw new PageError(404, 'error.notFound')
  return {
    ...desk,
    app,
    change: entries => changeApp(desk.act(), clientId, entries),
    ownSections: () => operatorSections(c, desk.language, app, operatorAppPath(app)),
  }
}

export function operatorAppPath({ clientId }: Pick<App, 'clientId'>): string {
  return `${BASE}/apps/${encodeURIComponent(clientId)}`
}
