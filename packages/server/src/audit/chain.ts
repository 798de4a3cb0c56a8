import { createHash } from 'node:crypto'
import type { Runtime } from '../config/runtime.ts'
import {
  type AuditEventRow,
  chainEvent,
  countUnchained,
  findChainEnd,
  listChained,
  listCompaniesToChain,
  listUnchained,
} from '../store/queries/audit-events.ts'
import { endLease, takeLease } from '../store/queries/leases.ts'
import { ConstraintViolation, type Store, WriteConflict, writeUnlessConflict } from '../store/store.ts'
import { personalHash } from './record.ts'

/** What the hash of the first event of a chain is made over, in place of the one before. */
export const CHAIN_START = '0'.repeat(64)

const COMPANIES_AT_ONCE = 50
const EVENTS_AT_ONCE = 500
/** Milliseconds for which one node chains; another takes over if it dies. */
const LEASE = 15_000
const LEASE_NAME = 'audit chain'

/** The hash of an event: SHA-256 over the hexadecimal digits of the hash before it, and the text of its entry. */
export function chainHash(before: string, entry: string): Buffer {
  return createHash('sha256').update(before).update(entry).digest()
}

/**
 * Gives each event that has no place yet the next one in the chain of its company, unless another node does so now.
 * Commits do not wait for it: a commit that would have to know the hash before it could not be made beside another.
 * @returns whether there may be more
 */
export async function chainAuditEvents({ store, clock }: Runtime): Promise<boolean> {
  const companies = await listCompaniesToChain(store, COMPANIES_AT_ONCE)
  if (companies.length === 0) return false
  if (!(await writeUnlessConflict(store, [takeLease(store, LEASE_NAME, clock(), clock() + LEASE)]))) return false
  let mayHaveMore = companies.length === COMPANIES_AT_ONCE
  for (const companyId of companies) {
    if (await chainCompany(store, companyId)) mayHaveMore = true
  }
  await store.write([endLease(store, LEASE_NAME, clock())])
  return mayHaveMore
}

async function chainCompany(store: Store, companyId: number): Promise<boolean> {
  const events = await listUnchained(store, companyId, EVENTS_AT_ONCE)
  const end = await findChainEnd(store, companyId)
  let seq = end?.seq ?? 0
  let before = end ? hex(end.hash!) : CHAIN_START
  const statements = events.map(event => {
    const hash = chainHash(before, event.entry)
    before = hex(hash)
    seq += 1
    return chainEvent(store, event, seq, hash)
  })
  try {
    await store.write(statements)
  } catch (error) {
    // Another node was faster: the rest is chained at the next look.
    if (!(error instanceof WriteConflict || error instanceof ConstraintViolation)) throw error
  }
  return events.length === EVENTS_AT_ONCE
}

/** What a check of a chain has found. */
export interface ChainReport {
  companyId: number
  events: number
  /** Events that have no place in the chain yet: of the last seconds, or no server runs. */
  unchained: number
  /** Events whose personal values were erased. */
  erased: number
  /** The hash of the last event, to be kept elsewhere; null for an empty chain. */
  end: string | null
  /** The first thing that does not fit; null where all does. */
  problem: { seq: number; reason: string } | null
}

/** Checks the chain of a company, event by event. */
export async function verifyChain({ store }: Runtime, companyId: number): Promise<ChainReport> {
  const report: ChainReport = { companyId, events: 0, unchained: 0, erased: 0, end: null, problem: null }
  report.unchained = await countUnchained(store, companyId)
  let before = CHAIN_START
  for (;;) {
    const events = await listChained(store, companyId, report.events, EVENTS_AT_ONCE)
    for (const event of events) {
      const reason = whatIsWrong(event, report.events + 1, before)
      if (reason !== undefined) return { ...report, problem: { seq: event.seq!, reason } }
      before = hex(event.hash!)
      report.events += 1
      report.end = before
      if (event.personal === null && JSON.parse(event.entry).personal_hash !== null) report.erased += 1
    }
    if (events.length < EVENTS_AT_ONCE) return report
  }
}

function whatIsWrong(event: AuditEventRow, seq: number, before: string): string | undefined {
  if (event.seq !== seq) return `event ${seq} is missing`
  if (!Buffer.from(event.hash!).equals(chainHash(before, event.entry))) {
    return 'its hash does not fit: it, or one before it, was changed'
  }
  const entry = JSON.parse(event.entry)
  const columns = [event.event_id, event.action, event.actor_type, event.actor_id, event.user_id, event.client_id]
  const inEntry = [entry.event_id, entry.action, entry.actor.type, entry.actor.id, entry.user_id, entry.client_id]
  if (columns.some((value, index) => value !== inEntry[index]) || (entry.company_id ?? 0) !== event.company_id) {
    return 'its columns say something else than its entry'
  }
  if (event.personal !== null && personalHash(event.salt ?? '', event.personal) !== entry.personal_hash) {
    return 'its personal values were changed'
  }
  return undefined
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
