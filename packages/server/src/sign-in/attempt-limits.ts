import { hash } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import type { Runtime } from '../config/runtime.ts'
import { clearLimit, findLimits, giveBack, putLimit } from '../store/queries/attempt-limits.ts'
import { retryOnConflict } from '../store/store.ts'

/** So many attempts at once, and one more each `interval` milliseconds. */
interface Limit {
  key: string
  burst: number
  interval: number
  /** Whether a right password wipes the slate clean; otherwise it gives back the one attempt. */
  clears: boolean
}

const SECOND = 1000

export interface Attempt {
  email: string
  address: string | undefined
  /** Whether this browser was signed in to this account before: then strangers' attempts do not count against it. */
  knownBrowser: string | undefined
}

/**
 * Counts an attempt to sign in before the password is looked at, so that parallel ones count too.
 * @returns how long to wait in milliseconds when there were too many, otherwise what to call after a right password
 */
export function countAttempt(
  runtime: Runtime,
  attempt: Attempt,
): Promise<{ wait: number } | { wait: 0; succeeded: () => Promise<void> }> {
  const limits = limitsOf(attempt)
  return retryOnConflict(async () => {
    const { store, clock } = runtime
    const now = clock()
    const found = await findLimits(
      store,
      limits.map(({ key }) => key),
    )
    const wait = Math.max(...limits.map(limit => waitFor(limit, found.get(limit.key), now)))
    if (wait > 0) return { wait }
    await store.write(
      limits.map(({ key, interval }) => {
        const before = found.get(key)
        return putLimit(store, key, before, Math.max(before ?? now, now) + interval)
      }),
    )
    return { wait: 0, succeeded: () => succeed(runtime, limits) }
  })
}

async function succeed({ store }: Runtime, limits: Limit[]) {
  await store.write(
    limits.map(({ key, interval, clears }) => (clears ? clearLimit(store, key) : giveBack(store, key, interval))),
  )
}

/**
 * By account and by address. A stranger who uses up an account's attempts holds up neither a browser that knows the
 * account nor, for long, anyone: an attempt comes back every half minute, and there is no lock.
 */
function limitsOf({ email, address, knownBrowser }: Attempt): Limit[] {
  const from = address === undefined ? [] : [network(address)]
  const perAddress = from.map(network => limit(['address', network], 100, 9 * SECOND, false))
  if (knownBrowser !== undefined) {
    return [...perAddress, limit(['known browser', email, knownBrowser], 10, 90 * SECOND, true)]
  }
  return [
    ...perAddress,
    ...from.map(network => limit(['account from address', email, network], 10, 90 * SECOND, true)),
    limit(['account', email], 50, 30 * SECOND, false),
  ]
}

function limit(name: string[], burst: number, interval: number, clears: boolean): Limit {
  // Hashed: the table of limits is no list of who tried to sign in from where.
  return { key: hash('sha256', JSON.stringify(name), 'hex'), burst, interval, clears }
}

/** Zero when one more attempt fits (generic cell rate algorithm). */
function waitFor({ burst, interval }: Limit, fullAt: number | undefined, now: number): number {
  return Math.max(0, Math.max(fullAt ?? now, now) + interval - burst * interval - now)
}

/** An IPv4 address, or the /64 that one IPv6 customer has. */
function network(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv4' ? parsed.toString() : ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/64`).toString()
}
