import type { LookupAddress } from 'node:dns'
import { lookup as resolve } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'

/** Why a URL cannot hear uninstall callbacks, or undefined when it can. */
export function uninstallUrlMistake(url: string, localAllowed: boolean): string | undefined {
  if (!URL.canParse(url)) return `${url} is not an absolute URL.`
  const { protocol, username, password, hostname } = new URL(url)
  if (username || password) return `${url} must not hold credentials; the callback carries the app's own.`
  if (localAllowed) return /^https?:$/.test(protocol) ? undefined : `${url} must use http or https.`
  if (protocol !== 'https:') return `${url} must use https: the callback carries the client secret.`
  return isLocalHost(hostname) ? `${url} leads to a local address, which a server must not call.` : undefined
}

/** All that is assigned to the internet; what lies outside holds forms of private addresses, such as `::7f00:1`. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/** Whether an IP address is one that anybody on the internet may have: not loopback, private, link-local or reserved. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  return parsed.range() === 'unicast' && (parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(GLOBAL_UNICAST))
}

/**
 * The addresses of a host that may be called. Looked up and handed to the connection in one go, so that a second
 * answer of the DNS cannot lead elsewhere.
 * @throws when none may be
 */
export async function resolvePublic(hostname: string): Promise<LookupAddress[]> {
  const addresses = await resolve(hostname, { all: true })
  const allowed = addresses.filter(({ address }) => isPublicAddress(address))
  if (allowed.length === 0) throw new Error(`${hostname} has no public address`)
  return allowed
}

/** Whether a host name or address can only be reached from near by. */
export function isLocalHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, '')
  if (ipaddr.isValid(host)) return !isPublicAddress(host)
  return host === 'localhost' || /\.(localhost|local|internal)$/.test(host) || !host.includes('.')
}
