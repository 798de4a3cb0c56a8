import type { LookupAddress } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'

/** Everything that is assigned to the internet; outside it are forms of private addresses, such as `::7f00:1`. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/** Whether an IP address is public: not loopback, private, link-local or reserved. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  return parsed.range() === 'unicast' && (parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(GLOBAL_UNICAST))
}

/** How long one name server may take, in milliseconds, and how often each is asked. */
const NAME_SERVERS = { timeout: 2000, tries: 2 }

/**
 * The addresses of a host that may be called, by the name servers: a system's own look-up would keep one of the few threads
 * that passwords are checked on, for as long as a name server is mute. Looked up and handed to the connection in one go, so
 * that a second answer of the DNS cannot lead elsewhere.
 * @param nameServers instead of the system's; for tests
 * @throws when there are none; the signal's reason once it is aborted
 */
export async function resolvePublic(
  hostname: string,
  signal: AbortSignal,
  nameServers?: readonly string[],
): Promise<LookupAddress[]> {
  // A name of this machine or its network need not be asked for.
  if (isLocalHost(hostname)) throw new Error(`${hostname} has no public address`)
  const addresses = ipaddr.isValid(hostname) ? [hostname] : await lookUp(hostname, signal, nameServers)
  const allowed = addresses.filter(isPublicAddress)
  if (allowed.length === 0) throw new Error(`${hostname} has no public address`)
  return allowed.map(address => ({ address, family: ipaddr.parse(address).kind() === 'ipv6' ? 6 : 4 }))
}

async function lookUp(
  hostname: string,
  signal: AbortSignal,
  nameServers: readonly string[] | undefined,
): Promise<string[]> {
  signal.throwIfAborted()
  const resolver = new Resolver(NAME_SERVERS)
  if (nameServers) resolver.setServers(nameServers)
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    const found = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    signal.throwIfAborted()
    const addresses = found.flatMap(each => (each.status === 'fulfilled' ? each.value : []))
    if (addresses.length > 0) return addresses
    const [first] = found
    throw new Error(`${hostname} cannot be looked up (${first.status === 'rejected' ? first.reason.code : 'nothing'})`)
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** Whether a host name or address can only be reached from near by. */
export function isLocalHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, '')
  if (ipaddr.isValid(host)) return !isPublicAddress(host)
  return host === 'localhost' || /\.(localhost|local|internal)$/.test(host) || !host.includes('.')
}
