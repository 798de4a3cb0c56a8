import type { Connect } from '../connect.ts'

/**
 * Next.js route handlers, in `app/connect/[step]/route.ts` for a redirect URI that ends in `/connect/callback`:
 * `export const { GET, POST, DELETE } = nextConnect(connect)`.
 */
export function nextConnect(connect: Connect) {
  const handle = (request: Request): Promise<Response> => connect.handler(request)
  return { GET: handle, POST: handle, DELETE: handle }
}
