import { hash } from 'node:crypto'
import { type AppRateLimits, type RateLimitedGroup, type RateLimits, rateLimitsOf } from '../config/rate-limits.ts'
import type { Runtime } from '../config/runtime.ts'
import { addToWindow, listAppRateLimits, type RateWindowRow } from '../store/queries/rate-windows.ts'

const MINUTE = 60_000
/** Nodes tell each other of counts that have come to this share of their limit. */
const SHARED_FROM = 0.1
/** Subjects that one process counts in a minute; those beyond are not limited, since memory is not for outsiders to fill. */
const MOST_SUBJECTS = 200_000
/** Milliseconds between two looks at what apps have of their own. */
const OVERRIDES_EVERY = 10_000

/** What a request is counted for. */
export interface Subject {
  group: RateLimitedGroup
  by: 'app' | 'company' | 'address' | 'key'
  /** Whose requests are counted together. */
  id: string
  /** The app, if its own limits count. */
  clientId?: string
}

/** How much of a limit is left. */
export interface Allowance {
  /** Such as `token.app`. */
  name: string
  limit: number
  remaining: number
  /** Milliseconds until the window ends. */
  resetIn: number
  isExceeded: boolean
}

interface Count {
  readonly key: string
  limit: number
  /** By this process. */
  own: number
  /** By all others, when it was last heard of. */
  others: number
  /** Of its own, what the others were told. */
  told: number
}

/**
 * Counts requests in windows of a minute. Each process decides alone and at once; once a second the processes tell each
 * other, through the database, of counts that come near their limits. So a request never waits for the database, and of
 * several nodes each may let in what came to it since it last heard of the others, and a tenth of the limit.
 */
export class RateLimiter {
  readonly #runtime: Runtime
  readonly #limits: RateLimits
  #counts = new Map<string, Count>()
  #window = 0
  #overrides = new Map<string, AppRateLimits>()
  #overridesReadAt = Number.NEGATIVE_INFINITY

  constructor(runtime: Runtime) {
    this.#runtime = runtime
    this.#limits = rateLimitsOf(runtime.settings)
  }

  /** Whether requests of a group are counted at all. */
  limits(group: RateLimitedGroup): boolean {
    return Object.values(this.#limits[group] ?? {}).some(limit => typeof limit === 'number')
  }

  /**
   * Counts a request, unless it is beyond the limit.
   * @returns undefined where there is no limit
   */
  count(subject: Subject): Allowance | undefined {
    return this.#allow(subject, true)
  }

  /** Looks whether one more request would be beyond the limit, and counts none. */
  look(subject: Subject): Allowance | undefined {
    return this.#allow(subject, false)
  }

  #allow(subject: Subject, counts: boolean): Allowance | undefined {
    const limit = this.#limitFor(subject)
    if (limit === undefined) return undefined
    const now = this.#runtime.clock()
    this.#turnTo(Math.floor(now / MINUTE))
    const count = this.#countOf(subject, limit)
    if (!count) return undefined
    const used = count.own + count.others
    const isExceeded = used >= limit
    if (counts && !isExceeded) count.own += 1
    return {
      name: `${subject.group}.${subject.by}`,
      limit,
      remaining: Math.max(0, limit - used - (counts ? 1 : 0)),
      resetIn: (this.#window + 1) * MINUTE - now,
      isExceeded,
    }
  }

  #limitFor({ group, by, clientId }: Subject): number | undefined {
    const ofApp = by === 'app' && clientId !== undefined ? this.#overrides.get(clientId) : undefined
    const own = ofApp?.[group as keyof AppRateLimits]
    const limit = own ?? this.#limits[group]?.[by]
    return typeof limit === 'number' ? limit : undefined
  }

  #turnTo(window: number) {
    if (window === this.#window) return
    this.#window = window
    this.#counts = new Map()
  }

  #countOf({ group, by, id }: Subject, limit: number): Count | undefined {
    const key = `${group}.${by} ${id}`
    const known = this.#counts.get(key)
    if (known) {
      known.limit = limit
      return known
    }
    if (this.#counts.size >= MOST_SUBJECTS) return undefined
    const count = { key, limit, own: 0, others: 0, told: 0 }
    this.#counts.set(key, count)
    return count
  }

  /** Tells the other processes, and hears of them. Called once a second. */
  async synchronise(): Promise<void> {
    await this.#readOverrides()
    const { store, clock } = this.#runtime
    const window = this.#window
    const told = [...this.#counts.values()]
      .filter(({ own, told, limit }) => own > told && own >= limit * SHARED_FROM)
      .map(count => ({ count, row: rowOf(count, window) }))
      // In one order for all, so that two processes never wait for each other.
      .toSorted((a, b) => (a.row.limit_key < b.row.limit_key ? -1 : 1))
    if (told.length === 0 || Math.floor(clock() / MINUTE) !== window) return
    const results = await store.write(told.map(({ row }) => addToWindow(store, row)))
    for (const [index, { count, row }] of told.entries()) {
      count.told += row.used
      const held = results[index]?.rows[0] as Pick<RateWindowRow, 'began_at' | 'used'> | undefined
      // A process whose clock is ahead has begun the next window.
      if (held?.began_at === row.began_at) count.others = held.used - count.told
    }
  }

  async #readOverrides() {
    const now = performance.now()
    if (now - this.#overridesReadAt < OVERRIDES_EVERY) return
    this.#overridesReadAt = now
    const rows = await listAppRateLimits(this.#runtime.store)
    this.#overrides = new Map(rows.map(row => [row.client_id, JSON.parse(row.rate_limits) as AppRateLimits]))
  }

  /** Reads what apps have of their own now, instead of within seconds. */
  async reload(): Promise<void> {
    this.#overridesReadAt = Number.NEGATIVE_INFINITY
    await this.#readOverrides()
  }
}

/** The key is hashed: the table must not say who calls from where. */
function rowOf({ key, own, told }: Count, window: number): RateWindowRow {
  const began_at = window * MINUTE
  return { limit_key: hash('sha256', key, 'hex'), began_at, used: own - told, expires_at: began_at + MINUTE }
}

const limiters = new WeakMap<Runtime['store'], RateLimiter>()

/** The one of a provider in this process. */
export function rateLimiterOf(runtime: Runtime): RateLimiter {
  const known = limiters.get(runtime.store)
  if (known) return known
  const limiter = new RateLimiter(runtime)
  limiters.set(runtime.store, limiter)
  return limiter
}
