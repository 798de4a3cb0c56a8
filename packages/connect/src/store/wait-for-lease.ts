import { keyText } from '../ids.ts'
import type { LinkKey, LinkStore } from './store.ts'

/** How long a lease lasts without a sign of life: what a killed process makes the others wait, in milliseconds. */
const LEASE = 10_000
const SIGN_OF_LIFE = 3_000

/** What guards a link's tokens: one process at a time refreshes or installs. */
export function leaseOf(key: LinkKey): string {
  return `link:${keyText(key)}`
}

/** Runs `work` while holding a lease, which is extended for as long as the work takes; undefined where it is taken. */
export async function underLease<T>(
  store: LinkStore,
  name: string,
  work: () => Promise<T>,
): Promise<{ result: T } | undefined> {
  const holder = crypto.randomUUID()
  if (!(await store.acquireLease(name, holder, LEASE))) return undefined
  const signs = setInterval(() => {
    store.acquireLease(name, holder, LEASE).catch(() => {})
  }, SIGN_OF_LIFE)
  try {
    return { result: await work() }
  } finally {
    clearInterval(signs)
    // A lease that cannot be released expires.
    await store.releaseLease(name, holder).catch(() => {})
  }
}

/** Pauses between two looks at another process's work: short at first, with jitter so that many do not look at once. */
export function pauseBeforeLook(attempt: number): Promise<void> {
  const longest = Math.min(25 * 1.5 ** attempt, 400)
  return new Promise(resolve => setTimeout(resolve, longest * (0.5 + Math.random() / 2)))
}
