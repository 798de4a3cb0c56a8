import ipaddr from 'ipaddr.js'
import type { RateLimitedGroup } from '../config/rate-limits.ts'
import type { Runtime } from '../config/runtime.ts'
import { clientAddress, UNKNOWN_ADDRESS } from '../http/client-address.ts'
import type { EndpointContext, RouteStep } from '../http/environment.ts'
import { TooManyRequests } from '../http/errors.ts'
import { remembered } from '../http/remembered.ts'
import { type Allowance, rateLimiterOf, type Subject } from './rate-limiter.ts'

/**
 * Counts a request, and says in its answer how many are left.
 * @throws {TooManyRequests}
 */
export function countRequest(c: EndpointContext, subjects: readonly Subject[]) {
  const limiter = rateLimiterOf(c.var.runtime)
  const looked = subjects.flatMap(subject => limiter.look(subject) ?? [])
  const exceeded = looked.find(({ isExceeded }) => isExceeded)
  if (exceeded) refuse(c.var.runtime, exceeded)
  const allowed = subjects.flatMap(subject => limiter.count(subject) ?? [])
  const tightest = allowed.toSorted((a, b) => a.remaining / a.limit - b.remaining / b.limit)[0]
  for (const [name, value] of Object.entries(tightest ? allowanceHeaders(tightest) : {})) c.header(name, value)
}

/** The step that counts requests by the network that they come from. */
export function limitByAddress(group: RateLimitedGroup): RouteStep {
  return (c, next) => {
    countByAddress(c, group)
    return next()
  }
}

/** Counts a request by the network that it comes from. @throws {TooManyRequests} */
export function countByAddress(c: EndpointContext, group: RateLimitedGroup) {
  const id = networkOf(c)
  if (id !== undefined) countRequest(c, [{ group, by: 'address', id }])
}

/**
 * Refuses a network from which too many requests failed, before anything is looked up for it. Those that succeed are not counted by
 * network, since the servers of many apps may be behind one.
 * @returns counts a failure
 */
export function limitFailures(c: EndpointContext, group: RateLimitedGroup): () => void {
  const id = networkOf(c)
  if (id === undefined) return () => {}
  const subject: Subject = { group, by: 'address', id }
  const limiter = rateLimiterOf(c.var.runtime)
  const allowance = limiter.look(subject)
  if (allowance?.isExceeded) refuse(c.var.runtime, allowance)
  return () => void limiter.count(subject)
}

/** @throws {TooManyRequests} */
export function refuse({ metrics }: Runtime, { name, limit, resetIn }: Allowance): never {
  metrics.limited.count({ limit: name })
  throw new TooManyRequests(name, limit, Math.max(1, Math.ceil(resetIn / 1000)))
}

/** The headers of an answer that say what is left. */
export function allowanceHeaders({ limit, remaining, resetIn }: Allowance): Record<string, string> {
  return {
    'X-RateLimit-Limit': String(limit),
    'X-RateLimit-Remaining': String(remaining),
    'X-RateLimit-Reset': String(Math.ceil(resetIn / 1000)),
  }
}

const NOT_OF_THE_INTERNET = new Set<string>([
  'private',
  'loopback',
  'linkLocal',
  'uniqueLocal',
  'carrierGradeNat',
  'unspecified',
])

/**
 * Whose requests are counted together: an IPv4 address, or an IPv6 network of 64 bits. None for addresses that are not of the
 * internet: where a proxy is not configured, all would be one.
 */
function networkOf(c: EndpointContext): string | undefined {
  const address = clientAddress(c)
  return address === undefined || address === UNKNOWN_ADDRESS ? undefined : networkOfAddress(address)
}

const networkOfAddress = remembered((address): string | undefined => {
  const parsed = ipaddr.parse(address)
  if (NOT_OF_THE_INTERNET.has(parsed.range())) return undefined
  return parsed.kind() === 'ipv4' ? address : ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`).toString()
})
