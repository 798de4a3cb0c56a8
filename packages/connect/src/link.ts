import type { Identity } from './provider/identity.ts'
import type { LinkKey, LinkStatus, StoredLink } from './store/store.ts'

/** Account ↔ `(companyId, userId)`, as the app sees it: without tokens. */
export interface Link extends LinkKey {
  accountId: string
  status: LinkStatus
  /** Who they were when last asked. */
  identity: Identity
  scopes: string[]
  /** Milliseconds since 1970. */
  installedAt: number
}

export function toLink(stored: StoredLink): Link {
  return {
    provider: stored.provider,
    companyId: stored.companyId,
    userId: stored.userId,
    accountId: stored.accountId,
    status: stored.status,
    identity: JSON.parse(stored.identity) as Identity,
    scopes: stored.scope?.split(' ').filter(Boolean) ?? [],
    installedAt: stored.installedAt,
  }
}
