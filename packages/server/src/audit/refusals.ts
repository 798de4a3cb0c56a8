import type { Runtime } from '../config/runtime.ts'
import type { Store } from '../store/store.ts'
import { type AuditAction, recordEvent } from './record.ts'

/** What outsiders can cause as often as they like. */
export type Refusal = Extract<AuditAction, 'sign_in.refused' | 'consent.denied'>

/** Of each database that this process works on. */
const counts = new WeakMap<Store, Map<Refusal, number>>()

/** Counts a refusal. It is recorded with the others of its minute, so that outsiders cannot make the log grow. */
export function countRefusal({ store }: Runtime, action: Refusal) {
  const known = counts.get(store) ?? new Map<Refusal, number>()
  counts.set(store, known)
  known.set(action, (known.get(action) ?? 0) + 1)
}

/** Records how many of each there were since the last time; called once a minute. */
export async function recordRefusals(runtime: Runtime): Promise<void> {
  const known = counts.get(runtime.store)
  if (!known || known.size === 0) return
  counts.delete(runtime.store)
  const asSystem: Runtime = { ...runtime, actor: { type: 'system', id: null } }
  try {
    await runtime.store.write([...known].map(([action, count]) => recordEvent(asSystem, { action, facts: { count } })))
  } catch (error) {
    // They are counted again, and recorded with those of the next minute.
    for (const [action, count] of known) {
      const later = counts.get(runtime.store) ?? new Map<Refusal, number>()
      counts.set(runtime.store, later.set(action, (later.get(action) ?? 0) + count))
    }
    throw error
  }
}
