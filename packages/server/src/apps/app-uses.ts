import type { Runtime } from '../config/runtime.ts'
import { addAppUses } from '../store/queries/app-uses.ts'
import { ConstraintViolation, type Store } from '../store/store.ts'

export const DAY = 24 * 3600 * 1000
/** Milliseconds for which counts are kept. */
const KEPT = 92 * DAY

/** What is counted of an app at a company. */
interface Count {
  companyId: number
  clientId: string
  day: number
  tokens: number
  signIns: number
}

/** Of each database that this process works on, what was not written yet. */
const counts = new WeakMap<Store, Map<string, Count>>()

/** Apps at companies that are counted within a minute; of more than these nothing is. */
const MOST = 50_000
const AT_ONCE = 200

/**
 * Counts a request for tokens, or a sign-in. Written with others once a minute, so that no request waits for it: what a process that is
 * killed has not written is lost.
 */
export function countUse({ store, clock }: Runtime, companyId: number, clientId: string, what: 'tokens' | 'signIns') {
  const count = { companyId, clientId, day: Math.floor(clock() / DAY), tokens: 0, signIns: 0 }
  add(store, { ...count, [what]: 1 })
}

function add(store: Store, { tokens, signIns, ...of }: Count) {
  const known = counts.get(store) ?? new Map<string, Count>()
  counts.set(store, known)
  const key = `${of.day} ${of.companyId} ${of.clientId}`
  const count = known.get(key)
  if (count) {
    count.tokens += tokens
    count.signIns += signIns
  } else if (known.size < MOST) known.set(key, { ...of, tokens, signIns })
}

/** Writes what was counted since the last time. */
export async function writeUses({ store }: Runtime): Promise<void> {
  const waiting = [...(counts.get(store)?.values() ?? [])]
  counts.delete(store)
  // On a cluster a write is one machine's.
  const atOnce = store.isDistributed ? 1 : AT_ONCE
  while (waiting.length > 0) {
    const some = waiting.splice(0, atOnce)
    try {
      await writeSome(store, some)
    } catch (error) {
      // They are counted again, and written with those of the next minute.
      for (const count of [...some, ...waiting]) add(store, count)
      throw error
    }
  }
}

async function writeSome(store: Store, some: readonly Count[]): Promise<void> {
  try {
    await store.write(some.map(count => addAppUses(store, toRow(count))))
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error
    // A company is gone: the others are written one by one.
    if (some.length > 1) for (const count of some) await writeSome(store, [count])
  }
}

function toRow({ companyId, clientId, day, tokens, signIns }: Count) {
  return { company_id: companyId, client_id: clientId, day, tokens, sign_ins: signIns, expires_at: day * DAY + KEPT }
}
