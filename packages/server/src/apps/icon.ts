import type { RouteHandler } from '../http/environment.ts'
import { findAppWithIcon } from '../store/queries/apps.ts'

/** `GET /apps/:client_id/icon`: an app's icon from our own address, so that pages load nothing from elsewhere. */
export const appIcon: RouteHandler = async c => {
  const app = await findAppWithIcon(c.var.runtime.store, c.req.param('client_id') ?? '')
  if (!app?.icon || !app.icon_type) return c.notFound()
  // An SVG opened as a document would be a page of the app's maker on our origin: it must not run or load anything.
  c.header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
  c.header('Cache-Control', 'public, max-age=3600')
  return c.body(new Uint8Array(app.icon), 200, { 'Content-Type': app.icon_type })
}
