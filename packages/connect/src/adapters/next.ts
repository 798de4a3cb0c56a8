import type { Mountable } from '../connect.ts'

/**
 * Next.js route handlers, in `app/connect/[step]/route.ts` for a redirect URI that ends in `/connect/callback`:
 * `export const { GET, POST, DELETE } = nextConnect(connect)`. A function that makes the kit at the first request is fine
 * too: at build time there are no secrets.
 * @example
 * ```ts
 * import { nextConnect } from '@tenantry/connect/next'
 * const { GET } = nextConnect(connect)
 * const response = await GET(new Request('https://app.example/connect/start'))
 * console.log(response.status)
 * ```
 */
export function nextConnect(connect: Mountable | (() => Mountable)) {
  const handle = (request: Request): Promise<Response> =>
    (typeof connect === 'function' ? connect() : connect).handler(request)
  return { GET: handle, POST: handle, DELETE: handle }
}
