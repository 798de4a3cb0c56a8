import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Runtime } from '../config/runtime.ts'
import { type AuditCheckpointRow, findAuditCheckpoint } from '../store/queries/audit-checkpoints.ts'
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
import { NO_COMPANY, personalHash } from './record.ts'
import { verifyStatement } from './signing-key.ts'

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
  const last = end ?? (await findAuditCheckpoint(store, companyId))
  let seq = last?.seq ?? 0
  let before = last ? hex(last.hash!) : CHAIN_START
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

/** The beginning of a chain whose older events were removed. */
export interface ChainCut {
  /** Of the last event that was removed. */
  seq: number
  cutAt: number
  /** The thumbprint of the key that signed it, to be compared with one that was kept elsewhere. */
  keyId: string
  /** Whether it is a key of this server; null where its secrets are not given, so that it cannot be told. */
  isOwnKey: boolean | null
}

/** What a check of a chain has found. */
export interface ChainReport {
  companyId: number
  events: number
  /** Where the chain was cut by the policy of retention; null where it is whole. */
  cut: ChainCut | null
  /** Events that have no place in the chain yet: of the last seconds, or no server runs. */
  unchained: number
  /** Events whose personal values were erased. */
  erased: number
  /** The hash of the last event, to be kept elsewhere; null for an empty chain. */
  end: string | null
  /** The first thing that does not fit; null where all does. */
  problem: { seq: number; reason: string } | null
}

/**
 * Checks the chain of a company, event by event, from where it was cut.
 * @param companyId 0 for the chain of what belongs to no company
 * @example
 * ```ts
 * import { createTenantry, verifyChain } from 'tenantry'
 * const tenantry = createTenantry({
 *   store: { path: ':memory:' },
 *   secrets: ['a secret of at least 32 characters, from a file'],
 *   origin: 'https://id.example.com',
 * })
 * await tenantry.ready
 * const { problem } = await verifyChain(tenantry.runtime, 1)
 * console.log(problem === null ? 'as it was written' : `event ${problem.seq}: ${problem.reason}`)
 * await tenantry.close()
 * ```
 */
export async function verifyChain(runtime: Runtime, companyId: number): Promise<ChainReport> {
  const checkpoint = await findAuditCheckpoint(runtime.store, companyId)
  const report = await verifyFrom(runtime, companyId, checkpoint)
  if (report.problem === null) return report
  // Events are missed that were cut meanwhile.
  const now = await findAuditCheckpoint(runtime.store, companyId)
  return now?.seq === checkpoint?.seq ? report : verifyChain(runtime, companyId)
}

async function verifyFrom(
  runtime: Runtime,
  companyId: number,
  checkpoint: AuditCheckpointRow | undefined,
): Promise<ChainReport> {
  const { store } = runtime
  const report: ChainReport = { companyId, events: 0, cut: null, unchained: 0, erased: 0, end: null, problem: null }
  report.unchained = await countUnchained(store, companyId)
  let seq = checkpoint?.seq ?? 0
  let before = checkpoint ? hex(checkpoint.hash) : CHAIN_START
  if (checkpoint) {
    report.end = before
    report.cut = await verifyCut(runtime, checkpoint)
    if (report.cut === null) return { ...report, problem: { seq, reason: 'the signature of the cut does not fit' } }
    if (report.cut.isOwnKey === false) {
      return { ...report, problem: { seq, reason: 'the cut is signed by a key that is not of this server' } }
    }
  }
  for (;;) {
    const events = await listChained(store, companyId, seq, EVENTS_AT_ONCE)
    for (const event of events) {
      const reason = whatIsWrong(event, seq + 1, before)
      if (reason !== undefined) return { ...report, problem: { seq: event.seq!, reason } }
      before = hex(event.hash!)
      seq += 1
      report.events += 1
      report.end = before
      if (event.personal === null && JSON.parse(event.entry).personal_hash !== null) report.erased += 1
    }
    if (events.length < EVENTS_AT_ONCE) return report
  }
}

async function verifyCut(runtime: Runtime, { company_id, seq, hash, cut_at, signed }: AuditCheckpointRow) {
  const verified = await verifyStatement(runtime, signed)
  if (!verified || !isDeepStrictEqual(verified.statement, cutStatement(company_id, seq, hash, cut_at))) return null
  return { seq, cutAt: cut_at, keyId: verified.keyId, isOwnKey: verified.isOwnKey }
}

/** What is signed when a chain is cut. */
export function cutStatement(companyId: number, seq: number, hash: Uint8Array, cutAt: number) {
  return {
    company_id: companyId === NO_COMPANY ? null : companyId,
    seq,
    hash: hex(hash),
    cut_at: new Date(cutAt).toISOString(),
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
