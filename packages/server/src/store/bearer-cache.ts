import type { BearerRecord, FindBearer } from './queries/bearer.ts'
import { soon } from './store.ts'

/** What was changed: one token, one member, a whole company, or an app everywhere. */
export interface BearerChange {
  company_id: number | null
  user_id: number | null
  token_hash: Uint8Array | null
  client_id: string | null
}

export interface BearerChanges {
  /** Everything committed since the last call, by whichever program; `lost` when that cannot be told. */
  poll(): readonly BearerChange[] | 'lost'
}

/** The most tokens that are kept, in two halves: the newer one, and the one before. */
const LARGEST = 50_000

/**
 * Remembers what bearer checks found, exactly: each look-up first forgets whatever was changed by a commit before it,
 * so that a revocation is seen by the very next request, whichever process it was made in. Tokens that were not found
 * are not remembered.
 */
export function rememberBearers(find: FindBearer, changes: BearerChanges): FindBearer {
  const memory = new BearerCache()
  return (hash, companyOf) => {
    const changed = changes.poll()
    if (changed === 'lost') memory.forgetAll()
    else if (changed.length > 0) for (const change of changed) memory.forget(change)
    return (
      memory.get(hash) ??
      soon(find(hash, companyOf), record => {
        if (record) memory.remember(hash, record)
        return record
      })
    )
  }
}

/** The records, and which of them belong to which member. */
export class BearerCache {
  readonly #seen = new SeenBefore()
  #newer = new Half()
  #older = new Half()

  get(key: string): BearerRecord | undefined {
    const record = this.#newer.get(key)
    if (record) return record
    const older = this.#older.get(key)
    // What is in use moves on, and outlives its half.
    if (older) this.#add(key, older)
    return older
  }

  /** While there is room, at once; then only what is asked for again, so that what is used often is not pushed out. */
  remember(key: string, record: BearerRecord) {
    if (this.#older.size === 0 || this.#seen.markAndTell(key)) this.#add(key, record)
  }

  forget({ company_id, user_id, token_hash, client_id }: BearerChange) {
    for (const half of [this.#newer, this.#older]) {
      if (token_hash !== null) half.delete(keyOf(token_hash))
      else if (company_id !== null && user_id !== null) half.deleteMember(company_id, user_id)
      else if (client_id === null) half.deleteWhere(record => record.companyId === company_id)
      else half.deleteWhere(record => record.clientId === client_id)
    }
  }

  /** Live records, and how many of them the index of members names: always as many. */
  get sizes(): { records: number; indexed: number } {
    return {
      records: this.#newer.size + this.#older.size,
      indexed: this.#newer.indexSize + this.#older.indexSize,
    }
  }

  forgetAll() {
    this.#newer = new Half()
    this.#older = new Half()
  }

  #add(key: string, record: BearerRecord) {
    if (this.#newer.size >= LARGEST / 2) {
      this.#older = this.#newer
      this.#newer = new Half()
    }
    this.#newer.add(key, record)
  }
}

interface Kept {
  hash: string
  record: BearerRecord
}

/**
 * By 30 bits of their hashes: looking texts up would put each of them into the engine's table of texts, and numbers of
 * that size are no objects. Of two with the same bits one is kept.
 */
class Half {
  readonly #found = new Map<number, Kept>()
  /** The hashes of those that belong to a member, one or several: what changes most often concerns one member only. */
  readonly #ofMember = new Map<string, string | Set<string>>()

  get size(): number {
    return this.#found.size
  }

  /** Counted, not kept: for tests. */
  get indexSize(): number {
    let size = 0
    for (const hashes of this.#ofMember.values()) size += typeof hashes === 'string' ? 1 : hashes.size
    return size
  }

  get(hash: string): BearerRecord | undefined {
    const kept = this.#found.get(bitsOf(hash))
    return kept?.hash === hash ? kept.record : undefined
  }

  add(hash: string, record: BearerRecord) {
    const bits = bitsOf(hash)
    const before = this.#found.get(bits)
    if (before) this.#removeFromIndex(before)
    this.#found.set(bits, { hash, record })
    const member = memberOf(record.companyId, record.userId)
    const others = this.#ofMember.get(member)
    if (others === undefined) this.#ofMember.set(member, hash)
    else if (typeof others === 'string') this.#ofMember.set(member, new Set([others, hash]))
    else others.add(hash)
  }

  delete(hash: string) {
    const bits = bitsOf(hash)
    const kept = this.#found.get(bits)
    if (kept?.hash !== hash) return
    this.#found.delete(bits)
    this.#removeFromIndex(kept)
  }

  deleteMember(companyId: number, userId: number) {
    const hashes = this.#ofMember.get(memberOf(companyId, userId))
    if (hashes === undefined) return
    for (const hash of typeof hashes === 'string' ? [hashes] : [...hashes]) this.delete(hash)
  }

  #removeFromIndex({ hash, record }: Kept) {
    const member = memberOf(record.companyId, record.userId)
    const hashes = this.#ofMember.get(member)
    if (typeof hashes !== 'object') this.#ofMember.delete(member)
    else if (hashes.delete(hash) && hashes.size === 0) this.#ofMember.delete(member)
  }

  deleteWhere(matches: (record: BearerRecord) => boolean) {
    const before = [...this.#found.values()]
    this.#found.clear()
    this.#ofMember.clear()
    for (const { hash, record } of before) if (!matches(record)) this.add(hash, record)
  }
}

function bitsOf(hash: string): number {
  return hash.charCodeAt(0) | (hash.charCodeAt(1) << 8) | (hash.charCodeAt(2) << 16) | ((hash.charCodeAt(3) & 63) << 24)
}

const BITS = 2 ** 20
/** What comes again after more than these would not have been kept so long. One bit in twenty is a mistake then. */
const MOST_MARKS = LARGEST

/** Tells, but for a few mistakes, whether a hash was marked not long ago: a bit for each. */
class SeenBefore {
  #bits = new Uint32Array(BITS / 32)
  #marks = 0

  markAndTell(hash: string): boolean {
    const bit = bitsOf(hash) % BITS
    const mask = 1 << (bit & 31)
    const word = bit >>> 5
    if ((this.#bits[word]! & mask) !== 0) return true
    if (this.#marks++ >= MOST_MARKS) {
      this.#bits.fill(0)
      this.#marks = 0
    }
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
