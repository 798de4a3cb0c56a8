import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Mountable } from '../connect.ts'
import { handleNode } from './node.ts'

/** What a Fastify instance has, as far as it matters here. */
interface FastifyLike {
  addHook(
    name: 'onRequest',
    hook: (request: { raw: IncomingMessage }, reply: { raw: ServerResponse; hijack(): unknown }) => Promise<void>,
  ): unknown
}

/**
 * For Fastify 5: `fastifyConnect(app, connect)`, before the routes. Other paths are Fastify's as before.
 * @example
 * ```ts
 * import fastify from 'fastify'
 * import { fastifyConnect } from '@tenantry/connect/fastify'
 * const app = fastify()
 * fastifyConnect(app, connect)
 * ```
 */
export function fastifyConnect(app: FastifyLike, connect: Mountable): void {
  app.addHook('onRequest', async ({ raw }, reply) => {
    const path = raw.url ?? '/'
    if (!connect.handles(path.split('?')[0]!)) return
    reply.hijack()
    await handleNode(connect.handler, raw, reply.raw, path)
  })
}
