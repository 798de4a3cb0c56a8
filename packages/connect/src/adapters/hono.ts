import type { Mountable } from '../connect.ts'

/**
 * Hono middleware: `app.use(honoConnect(connect))`. Other paths are left to the next handler.
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import { honoConnect } from '@tenantry/connect/hono'
 * const app = new Hono()
 * app.use(honoConnect(connect))
 * const response = await app.request('https://app.example/connect/start')
 * console.log(response.status)
 * ```
 */
export function honoConnect(connect: Mountable) {
  return async (c: { req: { raw: Request } }, next: () => Promise<void>): Promise<Response | undefined> => {
    if (connect.handles(new URL(c.req.raw.url).pathname)) return connect.handler(c.req.raw)
    await next()
    return undefined
  }
}
