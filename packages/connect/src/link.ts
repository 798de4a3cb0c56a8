import type { Id } from './ids.ts'
import type { Identity } from './provider/identity.ts'
import type { About } from './provider/oauth-client.ts'
import type { LinkKey, LinkStatus, StoredLink } from './store/store.ts'

/** Account ↔ `(companyId, userId)`, as the app sees it: without tokens. */
export interface Link<I extends Id = number> extends LinkKey<I> {
  accountId: string
  status: LinkStatus
  /** Who they were when last asked. */
  identity: Identity<I>
  scopes: string[]
  /** Milliseconds since 1970. */
  installedAt: number
}

export function toLink(stored: StoredLink): Link<Id> {
  return {
    provider: stored.provider,
    companyId: stored.companyId,
    userId: stored.userId,
    accountId: stored.accountId,
    status: stored.status,
    identity: readStored(stored.identity),
    scopes: stored.scope?.split(' ').filter(Boolean) ?? [],
    installedAt: stored.installedAt,
  }
}

/** What an earlier version stored lacks what came later. */
function readStored(text: string): Identity<Id> {
  const { kind = 'user', installedBy = null, ...identity } = JSON.parse(text) as Identity<Id>
  return { ...identity, kind, installedBy }
}

/** What is known of a link whose token is looked at again. */
export function aboutLink(link: StoredLink): About {
  return { callback: null, tokenAnswer: null, known: toLink(link).identity }
}
