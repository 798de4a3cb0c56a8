import ipaddr from 'ipaddr.js'
import type { RouteStep } from '../http/environment.ts'

/** How containers and the machine that runs them name this machine. */
const LOCAL = /^(localhost|.+\.localhost|host\.docker\.internal|host\.containers\.internal)$/

/**
 * Refuses requests for names that are not the sandbox's own. A web page that lets its own name lead to this machine
 * (DNS rebinding) could read the sandbox's secrets otherwise; an address is not a name.
 */
export function requireOwnHost(origin: string): RouteStep {
  const own = new URL(origin).hostname
  return (c, next) => {
    const host = readHost(c.req.header('Host') ?? new URL(c.req.url).host)
    const isOwn = host !== undefined && (host === own || LOCAL.test(host) || ipaddr.isValid(host))
    if (isOwn) return next()
    return Promise.resolve(
      c.text(
        `The sandbox answers at ${origin}, and not to this host name. Start it with --origin to reach it by another one.\n`,
        421,
      ),
    )
  }
}

/** Without its port and brackets, in lower case. */
function readHost(host: string): string | undefined {
  if (!URL.canParse(`http://${host}/`)) return undefined
  return new URL(`http://${host}/`).hostname.replace(/^\[|\]$/g, '')
}
