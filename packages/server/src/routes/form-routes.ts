import { randomUUID } from 'node:crypto'
import type { Runtime } from '../config/runtime.ts'
import { basePathOf } from '../http/base-path.ts'
import type { EndpointContext, FormEndpoint } from '../http/environment.ts'
import { OAuthError } from '../http/errors.ts'
import { type FormRequest, type FormRoute, type HotResponse, ResponseBody } from '../http/hot-route.ts'
import { logRequest } from '../http/request-log.ts'
import { commonHeaders } from '../http/security-headers.ts'
import { findTracer } from '../tracing/spans.ts'
import { describeError } from './errors.ts'
import { formEndpointHeaders, formEndpoints, oauthErrorBody } from './oauth.ts'

/** The form endpoints for a server's fast path, with the headers and bodies that their routes give. */
export function formRoutes(runtime: Runtime): FormRoute[] {
  // Only within the route do spans of a database have a parent.
  if (findTracer()) return []
  const basePath = basePathOf(runtime.settings.origin)
  return [...formEndpoints].map(([path, endpoint]) =>
    formRoute(runtime, [...new Set([path, basePath + path])], path, endpoint),
  )
}

function formRoute(runtime: Runtime, paths: string[], path: string, endpoint: FormEndpoint): FormRoute {
  const headers = {
    ...commonHeaders(runtime.settings),
    ...formEndpointHeaders,
    'Content-Type': 'application/json',
  }
  const meter = runtime.metrics.requests.meter(path, 'POST')
  return {
    paths: new Set(paths),
    async respond(request) {
      const started = performance.now()
      const c = new FormContext(runtime, path, request, headers)
      const { status, body } = await answer(c, endpoint)
      const { requestId } = c.var
      meter.count(status, performance.now() - started)
      logRequest(runtime.log, { requestId, method: 'POST', path, status, started })
      return { status, headers: c.headers, requestId, body: new ResponseBody(JSON.stringify(body)) }
    },
  }
}

async function answer(c: FormContext, endpoint: FormEndpoint): Promise<{ status: number; body: object }> {
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

/** What an endpoint uses of a request that was read from the bytes of a connection. */
class FormContext implements EndpointContext {
  readonly req: EndpointContext['req']
  readonly var: EndpointContext['var']
  readonly env: EndpointContext['env']
  #headers: HotResponse['headers']

  /** @param headers shared by all answers: copied before the first change */
  constructor(runtime: Runtime, path: string, request: FormRequest, headers: HotResponse['headers']) {
    this.req = {
      url: path,
      path,
      header: name => request.header(name.toLowerCase()),
      text: async () => request.body,
    }
    this.var = { runtime, requestId: randomUUID() }
    this.env = { incoming: { socket: request.socket } }
    this.#headers = headers
  }

  get headers(): HotResponse['headers'] {
    return this.#headers
  }

  header(name: string, value: string) {
    this.addHeaders({ [name]: value })
  }

  addHeaders(headers: HotResponse['headers']) {
    if (Object.keys(headers).length > 0) this.#headers = { ...this.#headers, ...headers }
  }
}
