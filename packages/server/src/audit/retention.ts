import type { ClockGuard } from '../config/clock-guard.ts'
import type { Runtime } from '../config/runtime.ts'
import { cutChain, findAuditCheckpoint } from '../store/queries/audit-checkpoints.ts'
import { findNextChain, listChained } from '../store/queries/audit-events.ts'
import { takeLease } from '../store/queries/leases.ts'
import { writeUnlessConflict } from '../store/store.ts'
import { cutStatement } from './chain.ts'
import { NO_COMPANY, timeOfEvent } from './record.ts'
import { signStatement } from './signing-key.ts'

const DAY = 24 * 3600 * 1000
/** Every chain is looked at: once a day is enough for a policy that counts days. */
const LEASE = 20 * 3600 * 1000
const EVENTS_AT_ONCE = 500

/**
 * Cuts what is older than the policy keeps from the beginning of every chain, unless the clock may be wrong or another
 * node does so now. What is cut up to is signed, so that events that were removed otherwise still show.
 * @returns how many events were removed
 */
export async function cutOldEvents(runtime: Runtime, guard: Pick<ClockGuard, 'isTrusted'>): Promise<number> {
  const { store, clock, settings } = runtime
  if (settings.auditRetentionDays === undefined || !(await guard.isTrusted())) return 0
  const before = clock() - settings.auditRetentionDays * DAY
  if (!(await writeUnlessConflict(store, [takeLease(store, 'audit retention', clock(), clock() + LEASE)]))) return 0
  let removed = 0
  let companyId = await findNextChain(store, NO_COMPANY - 1)
  while (companyId !== undefined) {
    removed += await cutCompany(runtime, companyId, before)
    companyId = await findNextChain(store, companyId)
  }
  return removed
}

/** Only what has its place in the chain, and only from its beginning on: there are no holes. */
async function cutCompany(runtime: Runtime, companyId: number, before: number): Promise<number> {
  const { store, clock } = runtime
  let removed = 0
  for (;;) {
    const from = (await findAuditCheckpoint(store, companyId))?.seq ?? 0
    const events = await listChained(store, companyId, from, EVENTS_AT_ONCE)
    const firstKept = events.findIndex(event => timeOfEvent(event) >= before)
    const old = firstKept === -1 ? events : events.slice(0, firstKept)
    const last = old.at(-1)
    if (!last) return removed
    const cut = { company_id: companyId, seq: last.seq!, hash: last.hash!, cut_at: clock() }
    const signed = await signStatement(runtime, cutStatement(companyId, cut.seq, cut.hash, cut.cut_at))
    if (!(await writeUnlessConflict(store, cutChain(store, { ...cut, signed }, from)))) return removed
    removed += old.length
    if (old.length < EVENTS_AT_ONCE) return removed
  }
}
