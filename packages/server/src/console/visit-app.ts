import { type App, findRegisteredApp } from '../apps/apps.ts'
import type { RequestContext } from '../http/environment.ts'
import { PageError } from '../pages/error-page.ts'
import { type CompanyVisit, companyPath, visitCompany } from './company-access.ts'

/** A page of a company's console that is about one app. */
export interface AppVisit extends CompanyVisit {
  app: App
}

/** @throws {PageError} as {@link visitCompany} does, and 404 where there is no such app */
export async function visitApp(c: RequestContext): Promise<AppVisit> {
  const visit = await visitCompany(c)
  const app = await findRegisteredApp(c.var.runtime, c.req.param('client_id') ?? '')
  if (!app) throw new PageError(404, 'error.notFound')
  return { ...visit, app }
}

export function appPath(companyId: number, clientId: string, rest = ''): string {
  return companyPath(companyId, `/apps/${encodeURIComponent(clientId)}${rest}`)
}
