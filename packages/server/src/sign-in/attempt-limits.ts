import { hash } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import type { Runtime } from '../config/runtime.ts'
import { isTooFarAhead } from '../store/clock-skew.ts'
import { clearLimit, findLimitKeys, findLimits, putLimit, revokeInstallation } from '../store/queries/attempt-limits.ts'
import { retryOnConflict } from '../store/store.ts'

/** `burst` attempts at once, and one more each `interval` milliseconds. */
interface Limit {
  key: string
  burst: number
  interval: number
  /** A right password clears the limit; otherwise it gives back the one attempt. */
  clears: boolean
}

interface Limits {
  /** Refuse an attempt that does not fit. */
  refusing: Limit[]
  /** All attempts on the account, from wherever: refuses only networks that have failed on it themselves. */
  accountWide: Limit | undefined
  /** Attempts on the account from the attempt's own network. */
  own: Limit | undefined
}

const SECOND = 1000

export interface Attempt {
  /** The address of an account, or what else is guessed at. */
  account: string
  address: string | undefined
  /** Set where this browser was signed in to this account before: then attempts of others do not count against it. */
  knownBrowser: string | undefined
}

/** An attempt that fits the limits. */
export interface AllowedAttempt {
  wait: 0
  /** Set while the account is under attack: check the password after a pause. */
  slowDown: boolean
  /** Call it after a right password. */
  succeeded: () => Promise<void>
}

/**
 * Counts an attempt to sign in before the password is checked, so that parallel ones count too.
 * @returns how long to wait, in milliseconds, when there were too many
 */
export function countAttempt(runtime: Runtime, attempt: Attempt): Promise<{ wait: number } | AllowedAttempt> {
  const { refusing, accountWide, own } = limitsOf(attempt)
  const keys = [...refusing, ...(accountWide ? [accountWide] : [])].map(({ key }) => key)
  return retryOnConflict(async () => {
    const { store, clock } = runtime
    const now = clock()
    const found = await findLimits(store, keys)
    const fullAt = (limit: Limit) => plausible(found.get(limit.key), limit, now)
    const waitOf = (limit: Limit) => waitFor(limit, fullAt(limit), now)
    const wait = Math.max(0, ...refusing.map(waitOf))
    if (wait > 0) return { wait }

    const accountWait = accountWide ? waitOf(accountWide) : 0
    const hasFailed = own === undefined || fullAt(own) > now
    if (accountWait > 0 && hasFailed) return { wait: accountWait }

    const counted = accountWide && accountWait === 0 ? [...refusing, accountWide] : refusing
    await store.write(
      counted.map(limit =>
        putLimit(store, limit.key, found.get(limit.key), Math.max(fullAt(limit), now) + limit.interval),
      ),
    )
    return { wait: 0, slowDown: accountWait > 0, succeeded: () => succeed(runtime, counted) }
  })
}

async function succeed({ store }: Runtime, limits: Limit[]) {
  await store.write(
    limits.map(({ key, interval, clears }) =>
      clears ? clearLimit(store, key) : revokeInstallation(store, key, interval),
    ),
  )
}

/**
 * By network, by account and network, and by account. Attackers who use up an account's attempts hold up neither a
 * browser that knows the account nor a network that has not failed on it, however many attackers there are.
 */
function limitsOf({ account, address, knownBrowser }: Attempt): Limits {
  const networks = address === undefined ? [] : networksOf(address)
  const perNetwork = networks.map(({ name, size }) =>
    limit(hashed('address', name), 100 * size, (9 * SECOND) / size, false),
  )
  if (knownBrowser !== undefined) {
    const ofBrowser = limit(`${accountPrefix(account)} ${hashed('known browser', knownBrowser)}`, 10, 90 * SECOND, true)
    return { refusing: [...perNetwork, ofBrowser], accountWide: undefined, own: undefined }
  }
  const onAccount = networks.map(({ name, size }) =>
    // A correct password gives back the attempts of its own network, and only its share of the larger networks.
    limit(`${accountPrefix(account)} ${hashed('from', name)}`, 10 * size, (90 * SECOND) / size, size === 1),
  )
  return {
    refusing: [...perNetwork, ...onAccount],
    accountWide: limit(accountPrefix(account), 50, 30 * SECOND, false),
    own: onAccount[0],
  }
}

function limit(key: string, burst: number, interval: number, clears: boolean): Limit {
  return { key, burst, interval: Math.round(interval), clears }
}

/** Hashed: the table of limits must not reveal who tried to sign in from where. */
function hashed(...name: string[]): string {
  return hash('sha256', JSON.stringify(name), 'hex')
}

/** What the keys of all limits of one account begin with, so that they can be found by it. */
function accountPrefix(account: string): string {
  return `account ${hashed('account', account)}`
}

/**
 * Forgets all failed sign-ins of an account, from every network.
 * @param emails every address that the user signs in with, in lower case
 * @returns how many counters were deleted
 * @example
 * ```ts
 * import { forgetAttempts } from 'tenantry'
 * await forgetAttempts(runtime, ['james.bond@mi6.example'])
 * ```
 */
export async function forgetAttempts({ store }: Runtime, emails: readonly string[]): Promise<number> {
  const keys = (await Promise.all(emails.map(email => findLimitKeys(store, accountPrefix(email))))).flat()
  if (keys.length > 0) await store.write(keys.map(key => clearLimit(store, key)))
  return keys.length
}

/** A time that no attempts can have put there counts as now. */
function plausible(fullAt: number | undefined, { burst, interval }: Limit, now: number): number {
  return fullAt === undefined || isTooFarAhead(fullAt, now, burst * interval) ? now : fullAt
}

/** Zero when one more attempt fits (generic cell rate algorithm). */
function waitFor({ burst, interval }: Limit, fullAt: number, now: number): number {
  return Math.max(0, Math.max(fullAt, now) + interval - burst * interval - now)
}

/** Prefixes that one IPv6 customer may have, each with how many times the attempts of the smallest it gets. */
const IPV6_PREFIXES = [
  { bits: 64, size: 1 },
  { bits: 56, size: 4 },
  { bits: 48, size: 16 },
]

/** The networks that an address is in, the smallest first: an IPv4 address itself, or the nested IPv6 prefixes. */
function networksOf(address: string): { name: string; size: number }[] {
  if (!ipaddr.IPv6.isValid(address)) return [{ name: address, size: 1 }]
  return IPV6_PREFIXES.map(({ bits, size }) => ({
    name: `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${bits}`)}/${bits}`,
    size,
  }))
}
