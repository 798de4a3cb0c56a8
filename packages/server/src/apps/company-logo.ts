import type { RouteHandler } from '../http/environment.ts'
import { findActiveMembership } from '../store/queries/active-memberships.ts'
import { findCompanyLogo } from '../store/queries/company-logos.ts'

/** `GET /companies/:company_id/logo`: for its members only, since it tells that the company is here. */
export const companyLogoFile: RouteHandler = async c => {
  const { runtime, signedIn } = c.var
  const companyId = Number(c.req.param('company_id'))
  if (!signedIn || !Number.isSafeInteger(companyId)) return c.notFound()
  if (!(await findActiveMembership(runtime.store, companyId, signedIn.user.user_id))) return c.notFound()
  const logo = await findCompanyLogo(runtime.store, companyId)
  if (!logo) return c.notFound()
  // An SVG opened as a document would be a page on our origin: it must not run or load anything.
  c.header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
  c.header('Cache-Control', 'private, max-age=86400')
  return c.body(new Uint8Array(logo.bytes), 200, { 'Content-Type': logo.type })
}
