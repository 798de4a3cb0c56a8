import ipaddr from 'ipaddr.js'
import type { EndpointContext } from './environment.ts'
import { remembered } from './remembered.ts'

/** Every address that is missing or cannot be parsed, as one. */
export const UNKNOWN_ADDRESS = 'unknown'

/**
 * The address a request came from, in one canonical form: the socket's, or what the configured number of reverse
 * proxies wrote into `X-Forwarded-For`. {@link UNKNOWN_ADDRESS} where that is no address; undefined where the server
 * that we are mounted in gives none at all.
 */
export function clientAddress(c: EndpointContext): string | undefined {
  const { trustedProxies } = c.var.runtime.settings
  if (trustedProxies > 0) return parseAddress(forwardedFor(c.req.header('X-Forwarded-For') ?? '', trustedProxies))
  const address = c.env?.incoming?.socket?.remoteAddress
  return address === undefined ? undefined : parseAddress(address)
}

function forwardedFor(header: string, trustedProxies: number): string {
  return header.split(',').at(-trustedProxies) ?? ''
}

const WITH_PORT = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/

/** Some proxies write ports, brackets and zones: `203.0.113.7:4711`, `[2001:db8::1]:4711`, `fe80::1%eth0`. */
export const parseAddress: (text: string) => string = remembered(text => {
  const trimmed = text.trim()
  const [, bracketed, beforePort] = WITH_PORT.exec(trimmed) ?? []
  const bare = (bracketed ?? beforePort ?? trimmed).split('%', 1)[0]!
  // Forms with one to three parts are valid to the library, and to no proxy.
  const isAddress = ipaddr.IPv6.isValid(bare) || ipaddr.IPv4.isValidFourPartDecimal(bare)
  return isAddress ? ipaddr.process(bare).toString() : UNKNOWN_ADDRESS
})
