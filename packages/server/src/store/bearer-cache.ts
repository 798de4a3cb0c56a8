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

/** The most tokens that are kept; beyond that it starts anew. */
const LARGEST = 50_000

/**
 * Remembers what bearer checks found, exactly: each look-up first forgets whatever was changed by a commit before it,
 * so that a revocation is seen by the very next request, whichever process it was made in. Tokens that were not found
 * are not remembered.
 */
export function cacheBearers(find: FindBearer, changes: BearerChanges): FindBearer {
  const found = new Map<string, BearerRecord>()
  /** Which of those belong to a member: what changes most often concerns one member only. */
  const ofMember = new Map<string, Set<string>>()

  const forgetAll = () => {
    found.clear()
    ofMember.clear()
  }

  const forgetOne = (key: string) => {
    const record = found.get(key)
    if (!record) return
    found.delete(key)
    const member = memberOf(record.companyId, record.userId)
    const keys = ofMember.get(member)
    keys?.delete(key)
    if (keys?.size === 0) ofMember.delete(member)
  }

  const forget = ({ company_id, user_id, token_hash, client_id }: BearerChange) => {
    if (token_hash !== null) return forgetOne(keyOf(token_hash))
    if (company_id !== null && user_id !== null) {
      return [...(ofMember.get(memberOf(company_id, user_id)) ?? [])].forEach(forgetOne)
    }
    for (const [key, record] of found) {
      if (client_id === null ? record.companyId === company_id : record.clientId === client_id) forgetOne(key)
    }
  }

  const remember = (key: string, record: BearerRecord) => {
    if (found.size >= LARGEST) forgetAll()
    found.set(key, record)
    const member = memberOf(record.companyId, record.userId)
    const keys = ofMember.get(member)
    if (keys) keys.add(key)
    else ofMember.set(member, new Set([key]))
  }

  return (companyId, tokenHash) => {
    const changed = changes.poll()
    if (changed === 'lost') forgetAll()
    else changed.forEach(forget)

    const key = keyOf(tokenHash)
    const known = found.get(key)
    if (known) return known.companyId === companyId ? known : undefined
    return soon(find(companyId, tokenHash), record => {
      if (record) remember(key, record)
      return record
    })
  }
}

function memberOf(companyId: number, userId: number): string {
  return `${companyId} ${userId}`
}

function keyOf(tokenHash: Uint8Array): string {
  return Buffer.from(tokenHash.buffer, tokenHash.byteOffset, tokenHash.byteLength).toString('latin1')
}
