import type { BearerRecord, FindBearer } from './queries/bearer.ts'

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

  /** Whether a change may alter what was found. */
  const concerns = (change: BearerChange, record: BearerRecord) =>
    change.client_id !== null
      ? record.clientId === change.client_id
      : record.companyId === change.company_id && (change.user_id === null || record.userId === change.user_id)

  const forget = (change: BearerChange) => {
    if (change.token_hash !== null) found.delete(keyOf(change.token_hash))
    else for (const [key, record] of found) if (concerns(change, record)) found.delete(key)
  }

  return (companyId, tokenHash) => {
    const changed = changes.poll()
    if (changed === 'lost') found.clear()
    else for (const change of changed) forget(change)

    const key = keyOf(tokenHash)
    const known = found.get(key)
    if (known) return known.companyId === companyId ? known : undefined
    const record = find(companyId, tokenHash)
    if (record) {
      if (found.size >= LARGEST) found.clear()
      found.set(key, record)
    }
    return record
  }
}

function keyOf(tokenHash: Uint8Array): string {
  return Buffer.from(tokenHash.buffer, tokenHash.byteOffset, tokenHash.byteLength).toString('latin1')
}
