import type { Hono } from 'hono'
import type { Environment, ErrorFormat, RouteStep } from '../http/environment.ts'
import { adminRoutes } from './admin.ts'
import { apiRoutes } from './api.ts'
import { answerError, answerNotFound } from './errors.ts'
import { oauthRoutes } from './oauth.ts'
import { pageRoutes } from './pages.ts'
import type { RouteGroup } from './route-group.ts'

/** A path that several groups match belongs to the last of them. */
const groups: readonly RouteGroup[] = [pageRoutes, apiRoutes, oauthRoutes, adminRoutes]

/** Says how errors are answered, before any step that can fail. */
export function addErrorFormats(app: Hono<Environment>) {
  for (const { paths, errorFormat } of groups) {
    for (const path of paths) app.use(path, answerErrorsAs(errorFormat))
  }
  app.onError(answerError)
  app.notFound(answerNotFound)
}

/** Every route of the provider. */
export function addRoutes(app: Hono<Environment>, basePath: string) {
  for (const group of groups) group.addTo(app, basePath)
}

function answerErrorsAs(format: ErrorFormat): RouteStep {
  return (c, next) => {
    c.set('errorFormat', format)
    return next()
  }
}
