import type { LinkStore } from './store.ts'

/**
 * Uses a name up, in all processes: a lease that cannot be renewed, since its holder is not stored.
 * @param milliseconds how long it stays used
 * @returns false if it was used before
 */
export function consumeOnce(store: LinkStore, name: string, milliseconds: number): Promise<boolean> {
  return store.acquireLease(name, crypto.randomUUID(), milliseconds)
}
