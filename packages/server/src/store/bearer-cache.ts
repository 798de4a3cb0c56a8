import type { BearerChange } from './bearer-change.ts'
import type { BearerRecord } from './bearer-record.ts'

/** The most records that are cached, in two generations. */
const MAX_RECORDS = 50_000

/**
 * Records by token hash, with an index by member. Two generations approximate least-recently-used: when the young one is
 * full it becomes the old one, and what is still in use moves back. An admission filter keeps out what is asked for once.
 */
export class BearerCache {
  readonly #filter = new AdmissionFilter()
  #young = new Generation()
  #old = new Generation()

  get(tokenHash: string): BearerRecord | undefined {
    const record = this.#young.get(tokenHash)
    if (record) return record
    const old = this.#old.get(tokenHash)
    if (old) this.#insert(tokenHash, old)
    return old
  }

  /** Adds a record while there is space; later only if its token was looked up before. */
  add(tokenHash: string, record: BearerRecord) {
    if (this.#old.size === 0 || this.#filter.admits(tokenHash)) this.#insert(tokenHash, record)
  }

  forget({ company_id, user_id, token_hash, client_id }: BearerChange) {
    if (company_id === null && client_id === null) return this.clear()
    for (const generation of [this.#young, this.#old]) {
      if (token_hash !== null) generation.delete(keyOf(token_hash))
      else if (company_id !== null && user_id !== null) generation.deleteMember(company_id, user_id)
      else if (client_id === null) generation.deleteWhere(record => record.companyId === company_id)
      else generation.deleteWhere(record => record.clientId === client_id)
    }
  }

  clear() {
    this.#young = new Generation()
    this.#old = new Generation()
  }

  /** For tests: the records, and how many of them the index by member names. The two are always equal. */
  get sizes(): { records: number; indexed: number } {
    return {
      records: this.#young.size + this.#old.size,
      indexed: this.#young.indexSize + this.#old.indexSize,
    }
  }

  #insert(tokenHash: string, record: BearerRecord) {
    if (this.#young.size >= MAX_RECORDS / 2) {
      this.#old = this.#young
      this.#young = new Generation()
    }
    this.#young.add(tokenHash, record)
  }
}

interface Entry {
  tokenHash: string
  record: BearerRecord
}

/**
 * Keyed by 30 bits of the hash: looking up a string would intern it, and integers of this size are no heap objects. Of
 * two hashes with the same bits one is cached.
 */
class Generation {
  readonly #entries = new Map<number, Entry>()
  /** The hashes of each member's tokens, one or several: most changes concern one member. */
  readonly #hashesByMember = new Map<string, string | Set<string>>()

  get size(): number {
    return this.#entries.size
  }

  get indexSize(): number {
    let size = 0
    for (const hashes of this.#hashesByMember.values()) size += typeof hashes === 'string' ? 1 : hashes.size
    return size
  }

  get(tokenHash: string): BearerRecord | undefined {
    const entry = this.#entries.get(bitsOf(tokenHash))
    return entry?.tokenHash === tokenHash ? entry.record : undefined
  }

  add(tokenHash: string, record: BearerRecord) {
    const bits = bitsOf(tokenHash)
    const replaced = this.#entries.get(bits)
    if (replaced) this.#removeFromIndex(replaced)
    this.#entries.set(bits, { tokenHash, record })
    const member = memberOf(record.companyId, record.userId)
    const others = this.#hashesByMember.get(member)
    if (others === undefined) this.#hashesByMember.set(member, tokenHash)
    else if (typeof others === 'string') this.#hashesByMember.set(member, new Set([others, tokenHash]))
    else others.add(tokenHash)
  }

  delete(tokenHash: string) {
    const bits = bitsOf(tokenHash)
    const entry = this.#entries.get(bits)
    if (entry?.tokenHash !== tokenHash) return
    this.#entries.delete(bits)
    this.#removeFromIndex(entry)
  }

  deleteMember(companyId: number, userId: number) {
    const hashes = this.#hashesByMember.get(memberOf(companyId, userId))
    if (hashes === undefined) return
    for (const hash of typeof hashes === 'string' ? [hashes] : [...hashes]) this.delete(hash)
  }

  deleteWhere(matches: (record: BearerRecord) => boolean) {
    const before = [...this.#entries.values()]
    this.#entries.clear()
    this.#hashesByMember.clear()
    for (const { tokenHash, record } of before) if (!matches(record)) this.add(tokenHash, record)
  }

  #removeFromIndex({ tokenHash, record }: Entry) {
    const member = memberOf(record.companyId, record.userId)
    const hashes = this.#hashesByMember.get(member)
    if (typeof hashes !== 'object') this.#hashesByMember.delete(member)
    else if (hashes.delete(tokenHash) && hashes.size === 0) this.#hashesByMember.delete(member)
  }
}

function bitsOf(hash: string): number {
  return hash.charCodeAt(0) | (hash.charCodeAt(1) << 8) | (hash.charCodeAt(2) << 16) | ((hash.charCodeAt(3) & 63) << 24)
}

const FILTER_BITS = 2 ** 20
/** Beyond this many, a repeated token would have left the cache anyway. One bit in twenty is then a false positive. */
const MAX_MARKS = MAX_RECORDS

/** Remembers, one bit each and with a few false positives, which hashes were looked up lately. */
class AdmissionFilter {
  #bits = new Uint32Array(FILTER_BITS / 32)
  #marks = 0

  /** Whether the hash was looked up before; marks it as looked up. */
  admits(hash: string): boolean {
    const bit = bitsOf(hash) % FILTER_BITS
    const mask = 1 << (bit & 31)
    const word = bit >>> 5
    if ((this.#bits[word]! & mask) !== 0) return true
    if (this.#marks >= MAX_MARKS) {
      this.#bits.fill(0)
      this.#marks = 0
    }
    this.#marks += 1
    this.#bits[word] = this.#bits[word]! | mask
    return false
  }
}

function memberOf(companyId: number, userId: number): string {
  return `${companyId} ${userId}`
}

function keyOf(tokenHash: Uint8Array): string {
  return Buffer.from(tokenHash.buffer, tokenHash.byteOffset, tokenHash.byteLength).toString('latin1')
}
