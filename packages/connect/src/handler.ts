import { ConnectError, type ConnectErrorCode } from './errors.ts'
import type { Id } from './ids.ts'
import { type CallbackTrail, finishInstall } from './install/callback.ts'
import { showDonePage } from './install/done-page.ts'
import { endFlow } from './install/flow.ts'
import { startInstall } from './install/start.ts'
import { chooseLocale } from './locale/locale.ts'
import type { Kit } from './options.ts'
import { brandStyle } from './pages/brand.ts'
import { type Page, showPage } from './pages/page.ts'
import { style } from './pages/style.ts'
import { handleUninstall } from './uninstall/uninstall.ts'

/** A web-standard handler: every request in, an answer out, never a throw. */
export type Handler = (request: Request) => Promise<Response>

const stylesheetHeaders = { 'Content-Type': 'text/css; charset=utf-8', 'Cache-Control': 'max-age=3600' }

type Route = (request: Request, trail: CallbackTrail) => Promise<Response>

/** All routes of the kit; anything else is 404. */
export function createHandler(kit: Kit): Handler {
  const start: Route = request => startInstall(kit, request)
  const routes: Record<string, Record<string, Route>> = {
    [kit.startPath]: { GET: start, POST: start },
    [kit.stylesheetPath]: {
      GET: async () => new Response(style + brandStyle(kit.brand), { headers: stylesheetHeaders }),
    },
    [kit.donePath]: { GET: request => showDonePage(kit, request) },
    [pathOf(kit, kit.redirectUri.pathname)]: {
      GET: (request, trail) => finishInstall(kit, request, trail),
      DELETE: request => handleUninstall(kit, request),
    },
  }
  return async request => {
    const pathname = pathOf(kit, new URL(request.url).pathname)
    const methods = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined
    if (!methods) return new Response('There is nothing here.', { status: 404 })
    const route = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined
    if (!route) return new Response(null, { status: 405, headers: { Allow: Object.keys(methods).join(', ') } })
    const trail: CallbackTrail = {}
    try {
      return await route(request, trail)
    } catch (error) {
      return answerError(kit, request, trail, error)
    }
  }
}

/** As the routes are named: with what a proxy or framework took off, and without a slash at the end. */
export function pathOf({ basePath }: Pick<Kit, 'basePath'>, pathname: string): string {
  const path = pathname.length > 1 ? pathname.replace(/\/$/, '') : pathname
  return basePath === '' || path.startsWith(`${basePath}/`) ? path : basePath + path
}

const statuses: Partial<Record<ConnectErrorCode, number>> = {
  denied: 403,
  flow_invalid: 400,
  flow_used: 400,
  return_to_invalid: 400,
  link_refused: 403,
  link_needs_consent: 403,
  account_not_proved: 403,
  link_belongs_to_another_account: 409,
  provider_unavailable: 503,
  store_unavailable: 503,
  provider_refused: 502,
  needs_reauthorization: 502,
  answer_invalid: 502,
  host_not_allowed: 502,
}

/** Errors that the person can act on are explained to them; all others go to the developers, under an id. */
const userFacingErrors = new Set<string>([
  'denied',
  'flow_invalid',
  'flow_used',
  'link_refused',
  'link_needs_consent',
  'link_belongs_to_another_account',
] satisfies ConnectErrorCode[])

async function answerError(
  kit: Kit,
  request: Request,
  { flow, identity, account }: CallbackTrail,
  error: unknown,
): Promise<Response> {
  const code: ConnectErrorCode | 'internal' = error instanceof ConnectError ? error.code : 'internal'
  const status = (error instanceof ConnectError && statuses[error.code]) || 500
  const id = crypto.randomUUID().slice(0, 8)
  if (!userFacingErrors.has(code)) kit.onError(error, id)
  if (request.method === 'DELETE') return Response.json({ error: `Something went wrong: ${id}.` }, { status })
  const acceptLanguage = request.headers.get('Accept-Language')
  const page = {
    kind: 'failed' as const,
    code,
    status,
    identity,
    id,
    locale: chooseLocale({ identity, languages: kit.languages, acceptLanguage }),
    message: error instanceof Error ? error.message : String(error),
    tryAgain: flow?.returnTo ? `${kit.startPath}?${new URLSearchParams({ returnTo: flow.returnTo })}` : kit.startPath,
    continueTo: flow?.returnTo ?? '/',
    addTo:
      code === 'link_needs_consent' && account && identity
        ? { action: kit.startPath, company: identity.companyId }
        : null,
    formTarget: new URL(kit.provider.authorizationEndpoint).origin,
  }
  const shown = (await renderOwn(kit, page)) ?? showPage(page, kit.stylesheetPath, kit.brand)
  const response = new Response(shown.body, shown)
  if (flow) response.headers.append('Set-Cookie', endFlow(kit, flow.state))
  if (error instanceof ConnectError && error.retryAfter !== undefined) {
    response.headers.set('Retry-After', String(Math.ceil(error.retryAfter)))
  }
  return response
}

/** The app's own page; what goes wrong in it does not hide what went wrong before. */
async function renderOwn(kit: Kit, page: Page<Id>): Promise<Response | undefined> {
  try {
    return await kit.hooks.renderPage?.(page)
  } catch (error) {
    kit.onError(error, crypto.randomUUID().slice(0, 8))
    return undefined
  }
}
