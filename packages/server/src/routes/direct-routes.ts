import type { Runtime } from '../config/runtime.ts'
import { basePathOf } from '../http/base-path.ts'
import type { FormEndpoint, StatusEndpoint } from '../http/environment.ts'
import { OAuthError } from '../http/errors.ts'
import { healthEndpoints } from '../http/health.ts'
import type { DirectRequest, DirectRoute, HotResponse } from '../http/hot-route.ts'
import { logRequest } from '../http/request-log.ts'
import { commonHeaders } from '../http/security-headers.ts'
import { findTracer } from '../tracing/spans.ts'
import { type AuthorizationPage, answerPage, authorizationPages } from './authorization-pages.ts'
import { DirectContext } from './direct-context.ts'
import { describeError } from './errors.ts'
import { formEndpointHeaders, formEndpoints, oauthErrorBody } from './form-endpoints.ts'

/**
 * The form endpoints, the pages on the way to a code and what load balancers ask, for a server's fast path: with the headers and
 * bodies that their routes give.
 */
export function directRoutes(runtime: Runtime): DirectRoute[] {
  // Only within the route do spans of a database have a parent.
  if (findTracer()) return []
  const basePath = basePathOf(runtime.settings.origin)
  const everywhere = (path: string) => [...new Set([path, basePath + path])]
  return [
    ...[...formEndpoints].map(([path, endpoint]) => formRoute(runtime, everywhere(path), path, endpoint)),
    ...[...healthEndpoints].map(([path, endpoint]) => healthRoute(runtime, everywhere(path), path, endpoint)),
    // Below a base path each page is changed once more.
    ...(basePath === '' ? authorizationPages.map(page => pageRoute(runtime, page)) : []),
  ]
}

function formRoute(runtime: Runtime, paths: string[], path: string, endpoint: FormEndpoint): DirectRoute {
  const headers = {
    ...commonHeaders(runtime.settings),
    ...formEndpointHeaders,
    'Content-Type': 'application/json',
  }
  return directRoute(runtime, { method: 'POST', paths, path, headers }, async c => {
    const { status, body } = await answerForm(c, endpoint)
    return c.respond(status, JSON.stringify(body))
  })
}

function healthRoute(runtime: Runtime, paths: string[], path: string, endpoint: StatusEndpoint): DirectRoute {
  const headers = { ...commonHeaders(runtime.settings), 'Content-Type': 'application/json' }
  return directRoute(runtime, { method: 'GET', paths, path, headers }, async c => {
    const { status, body } = await endpoint(c)
    return c.respond(status, JSON.stringify(body))
  })
}

function pageRoute(runtime: Runtime, { method, path, handler }: AuthorizationPage): DirectRoute {
  const headers = commonHeaders(runtime.settings)
  return directRoute(runtime, { method, paths: [path], path, headers }, async c =>
    c.response(await answerPage(c, handler)),
  )
}

interface Described extends Pick<DirectRoute, 'method'> {
  paths: string[]
  /** As metrics and the log know it. */
  path: string
  headers: HotResponse['headers']
}

function directRoute(
  runtime: Runtime,
  { method, paths, path, headers }: Described,
  answer: (c: DirectContext) => Promise<HotResponse>,
): DirectRoute {
  const meter = runtime.metrics.requests.meter(path, method)
  return {
    method,
    paths: new Set(paths),
    async respond(request: DirectRequest) {
      const started = performance.now()
      const response = await answer(new DirectContext(runtime, request, path, headers))
      const { status, requestId } = response
      meter.count(status, performance.now() - started)
      logRequest(runtime.log, { requestId, method, path, status, started })
      return response
    },
  }
}

async function answerForm(c: DirectContext, endpoint: FormEndpoint): Promise<{ status: number; body: object }> {
  try {
    return { status: 200, body: await endpoint(c) }
  } catch (error) {
    if (error instanceof OAuthError) {
      c.addHeaders(error.headers)
      return { status: error.status, body: { error: error.code, error_description: error.description } }
    }
    const common = describeError(c, error as Error)
    c.addHeaders(common.headers)
    return { status: common.status, body: oauthErrorBody(common) }
  }
}
