import type { RequestContext } from './environment.ts'

/**
 * The address a request came from: the socket's, or what the configured number of reverse proxies wrote. Undefined
 * where the server that we are mounted in does not tell.
 */
export function clientAddress(c: RequestContext): string | undefined {
  const { trustedProxies } = c.var.runtime.settings
  if (trustedProxies === 0) return c.env?.incoming?.socket?.remoteAddress
  const forwarded = (c.req.header('X-Forwarded-For') ?? '').split(',').map(address => address.trim())
  return forwarded.at(-trustedProxies) || undefined
}
