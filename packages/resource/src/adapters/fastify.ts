import { isResourceError } from '../errors.ts'
import type { Caller, Protected } from '../protect.ts'

/** What Fastify's requests, replies and instances have, as far as it matters here. */
interface FastifyRequest {
  url: string
  method: string
  headers: Readonly<Record<string, string | string[] | undefined>>
}

interface FastifyReply {
  code(status: number): FastifyReply
  headers(headers: Record<string, string>): FastifyReply
  send(body: string): FastifyReply
}

interface FastifyLike {
  addHook(name: 'onRequest', hook: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>): unknown
}

const callers = new WeakMap<object, Caller>()

/**
 * A Fastify 5 hook for protected routes: `{ onRequest: fastifyProtect(notes, 'notes:write') }`. Routes ask {@link fastifyCaller} whom a
 * request speaks for.
 * @param scopes that these routes need, besides those of the resource server
 * @example
 * ```ts
 * import fastify from 'fastify'
 * import { fastifyCaller, fastifyMetadata, fastifyProtect } from '@tenantry/resource/fastify'
 * const app = fastify()
 * fastifyMetadata(app, notes)
 * app.get('/notes', { onRequest: fastifyProtect(notes, 'notes:read') }, async request => fastifyCaller(request).companyId)
 * ```
 */
export function fastifyProtect(resource: Protected, ...scopes: string[]) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const header = (name: string) => {
      const value = request.headers[name]
      return typeof value === 'string' ? value : undefined
    }
    try {
      callers.set(
        request,
        await resource.check(
          {
            url: request.url,
            authorization: header('authorization'),
            host: header('host'),
            method: request.method,
            dpop: header('dpop'),
          },
          scopes,
        ),
      )
      return undefined
    } catch (error) {
      if (!isResourceError(error)) throw error
      return reply.code(error.status).headers(error.headers).send(error.body)
    }
  }
}

/**
 * Answers requests for the metadata of the resource (RFC 9728).
 * @example
 * ```ts
 * import fastify from 'fastify'
 * import { fastifyMetadata } from '@tenantry/resource/fastify'
 * const app = fastify()
 * fastifyMetadata(app, notes)
 * ```
 */
export function fastifyMetadata(app: FastifyLike, resource: Protected): void {
  app.addHook('onRequest', async ({ url, headers: { host } }, reply) => {
    const metadata = resource.metadata({ url, host: typeof host === 'string' ? host : undefined })
    if (!metadata) return undefined
    const headers = { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' }
    return reply.code(200).headers(headers).send(JSON.stringify(metadata))
  })
}

/**
 * Whom a request speaks for that came through {@link fastifyProtect}.
 * @throws {TypeError} for any other request
 * @example
 * ```ts
 * import fastify from 'fastify'
 * import { fastifyCaller, fastifyProtect } from '@tenantry/resource/fastify'
 * const app = fastify()
 * app.get('/notes', { onRequest: fastifyProtect(notes) }, async request => fastifyCaller(request).userId)
 * ```
 */
export function fastifyCaller(request: object): Caller {
  const caller = callers.get(request)
  if (!caller) throw new TypeError('This request did not come through fastifyProtect().')
  return caller
}
