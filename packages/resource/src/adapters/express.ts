import type { IncomingMessage, ServerResponse } from 'node:http'
import { isResourceError } from '../errors.ts'
import type { Caller, Protected } from '../protect.ts'

/** An Express request, as far as it matters here. */
interface ExpressRequest extends IncomingMessage {
  originalUrl?: string
}

type Next = (error?: unknown) => void

/** What the middleware of the MCP SDK puts on a request, so that its transports hand it to tools as `extra.authInfo`. */
export interface McpAuthInfo {
  token: string
  clientId: string
  scopes: string[]
  /** Seconds since 1970. */
  expiresAt: number
  resource: URL
  extra: { caller: Caller }
}

const callers = new WeakMap<object, Caller>()

/**
 * Express middleware for protected routes: `app.use('/notes', expressProtect(notes, 'notes:write'))`. Routes ask
 * {@link expressCaller} whom a request speaks for. The request has `auth` as well, as transports of the MCP SDK expect it.
 * @param scopes that these routes need, besides those of the resource server
 * @example
 * ```ts
 * import express from 'express'
 * import { expressCaller, expressMetadata, expressProtect } from '@tenantry/resource/express'
 * const app = express()
 * app.use(expressMetadata(notes))
 * app.get('/notes', expressProtect(notes, 'notes:read'), (request, response) => {
 *   const { companyId, userId } = expressCaller(request)
 *   response.json({ companyId, userId })
 * })
 * ```
 */
export function expressProtect(resource: Protected, ...scopes: string[]) {
  return (request: ExpressRequest, response: ServerResponse, next: Next): void => {
    const { authorization, host, dpop } = request.headers
    const call = { url: addressOf(request), authorization, host, method: request.method, dpop: one(dpop) }
    resource.check(call, scopes).then(
      caller => {
        callers.set(request, caller)
        const auth: McpAuthInfo = {
          token: authorization!.replace(/^\S+ +/, '').trim(),
          clientId: caller.clientId,
          scopes: [...caller.scopes],
          expiresAt: caller.expiresAt / 1000,
          resource: new URL(caller.resource),
          extra: { caller },
        }
        Object.assign(request, { auth })
        next()
      },
      error => {
        if (!isResourceError(error)) return next(error)
        response.writeHead(error.status, error.headers).end(error.body)
      },
    )
  }
}

/**
 * Express middleware that answers requests for the metadata of the resource (RFC 9728).
 * @example
 * ```ts
 * import express from 'express'
 * import { expressMetadata } from '@tenantry/resource/express'
 * const app = express()
 * app.use(expressMetadata(notes))
 * ```
 */
export function expressMetadata(resource: Protected) {
  return (request: ExpressRequest, response: ServerResponse, next: Next): void => {
    const metadata = resource.metadata({ url: addressOf(request), host: request.headers.host })
    const headers = { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' }
    if (metadata) response.writeHead(200, headers).end(JSON.stringify(metadata))
    else next()
  }
}

/**
 * Whom a request speaks for that came through {@link expressProtect}.
 * @throws {TypeError} for any other request
 * @example
 * ```ts
 * import express from 'express'
 * import { expressCaller, expressProtect } from '@tenantry/resource/express'
 * const app = express()
 * app.get('/notes', expressProtect(notes), (request, response) => {
 *   response.send(`Notes of user ${expressCaller(request).userId}`)
 * })
 * ```
 */
export function expressCaller(request: object): Caller {
  const caller = callers.get(request)
  if (!caller) throw new TypeError('This request did not come through expressProtect().')
  return caller
}

/** Below a router `url` is only the rest of it. */
function addressOf({ originalUrl, url }: ExpressRequest): string {
  return originalUrl ?? url ?? '/'
}

/** A repeated header is none. */
function one(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}
