import { Hono } from 'hono'
import type { Runtime } from '../config/runtime.ts'
import { basePathOf, belowBasePath } from '../http/base-path.ts'
import type { Environment } from '../http/environment.ts'
import { limitBody } from '../http/limit-body.ts'
import { requestLog } from '../http/request-log.ts'
import { securityHeaders } from '../http/security-headers.ts'
import { addErrorFormats, addRoutes } from './routes.ts'

/** All routes, with the steps before them. Extra routes come first. */
export function createApp(runtime: Runtime, addMore: (app: Hono<Environment>) => void): Hono<Environment> {
  const app = new Hono<Environment>()
  app.use(async (c, next) => {
    c.set('runtime', runtime)
    await next()
  })
  const basePath = basePathOf(runtime.settings.origin)
  if (basePath !== '') app.use(belowBasePath(basePath))
  app.use(requestLog, securityHeaders(runtime.settings))
  addErrorFormats(app)
  app.use(limitBody)
  addMore(app)
  addRoutes(app, basePath)
  return app
}
