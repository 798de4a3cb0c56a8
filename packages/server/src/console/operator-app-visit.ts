import { type App, findRegisteredApp } from '../apps/apps.ts'
import type { RequestContext } from '../http/environment.ts'
import { PageError } from '../pages/error-page.ts'
import { type OperatorVisit, visitPlatform } from './operator-access.ts'

/** A page for operators that is about one app. */
export interface OperatorAppVisit extends OperatorVisit {
  app: App
}

/** @throws {PageError} as {@link visitPlatform} does, and 404 where there is no such app */
export async function visitRegisteredApp(c: RequestContext): Promise<OperatorAppVisit> {
  const visit = await visitPlatform(c)
  const app = await findRegisteredApp(c.var.runtime, c.req.param('client_id') ?? '')
  if (!app) throw new PageError(404, 'error.notFound')
  return { ...visit, app }
}

export function operatorAppPath({ clientId }: Pick<App, 'clientId'>): string {
  return `/operator/apps/${encodeURIComponent(clientId)}`
}
