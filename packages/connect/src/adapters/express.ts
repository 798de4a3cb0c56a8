import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Mountable } from '../connect.ts'
import { handleNode, nativeOf } from './node.ts'

/** An Express request, as far as it matters here. */
interface ExpressRequest extends IncomingMessage {
  originalUrl?: string
  body?: unknown
}

/**
 * Express's own request, for hooks, with what middleware has put on it: a session of express-session, for example.
 * @example
 * ```ts
 * import { expressRequest } from '@tenantry/connect/express'
 * interface WithSession {
 *   session: { accountId?: string }
 * }
 * const currentAccount = (request: Request) => expressRequest<WithSession>(request).session.accountId ?? null
 * ```
 * @throws {TypeError} for a request that did not come through {@link expressConnect}
 */
// biome-ignore lint/suspicious/noExplicitAny: what middleware puts on it has types of the app's own
export function expressRequest<Own = any>(request: Request): Own {
  const native = nativeOf(request)
  if (!native) throw new TypeError('This request did not come through expressConnect().')
  return native as Own
}

/**
 * Express 5 middleware: `app.use(expressConnect(connect))`. Other paths are left to the next handler.
 * @example
 * ```ts
 * import express from 'express'
 * import { expressConnect } from '@tenantry/connect/express'
 * const app = express()
 * app.use(expressConnect(connect))
 * ```
 */
export function expressConnect(connect: Mountable) {
  return (request: ExpressRequest, response: ServerResponse, next: (error?: unknown) => void): void => {
    const path = request.originalUrl ?? request.url ?? '/'
    if (connect.handles(path.split('?')[0]!)) {
      handleNode(connect.handler, request, response, path, request.body).catch(next)
    } else next()
  }
}
