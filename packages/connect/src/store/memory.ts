import { compareIds, keyText, kindOf } from '../ids.ts'
import type { LinkKey, LinkStore, StoredLink } from './store.ts'

/**
 * Keeps links in this process's memory: for tests. They are gone when it ends.
 * @example
 * ```ts
 * import { memoryStore } from '@tenantry/connect'
 * const store = memoryStore()
 * console.log(await store.acquireLease('refresh', 'process 1', 10_000))
 * ```
 */
export function memoryStore(): LinkStore {
  const links = new Map<string, StoredLink>()
  const leases = new Map<string, { holder: string; until: number }>()
  return {
    findLink: async key => copy(links.get(keyText(key))),
    listLinks: async (provider, accountId, ids = 'integer') =>
      [...links.values()]
        .filter(link => link.provider === provider && link.accountId === accountId && kindOf(link.companyId) === ids)
        .sort((a, b) => a.installedAt - b.installedAt || compareKeys(a, b))
        .map(link => ({ ...link })),
    pageLinks: async (provider, after, limit, ids = 'integer') =>
      [...links.values()]
        .filter(link => link.provider === provider && kindOf(link.companyId) === ids)
        .filter(link => !after || compareKeys(link, after) > 0)
        .sort(compareKeys)
        .slice(0, limit)
        .map(link => ({ ...link })),
    async insertLink(link) {
      if (links.has(keyText(link))) return false
      links.set(keyText(link), { ...link })
      return true
    },
    async replaceLink(link) {
      if (links.get(keyText(link))?.version !== link.version - 1) return false
      links.set(keyText(link), { ...link })
      return true
    },
    async deleteLink(key, version) {
      return links.get(keyText(key))?.version === version && links.delete(keyText(key))
    },
    async acquireLease(name, holder, milliseconds) {
      const now = performance.now()
      const lease = leases.get(name)
      if (lease && lease.until > now && lease.holder !== holder) return false
      for (const [other, { until }] of leases) if (until <= now) leases.delete(other)
      leases.set(name, { holder, until: now + milliseconds })
      return true
    },
    async releaseLease(name, holder) {
      if (leases.get(name)?.holder === holder) leases.delete(name)
    },
  }
}

function copy(link: StoredLink | undefined): StoredLink | undefined {
  return link && { ...link }
}

function compareKeys(a: LinkKey, b: LinkKey): number {
  return compareIds(a.companyId, b.companyId) || compareIds(a.userId, b.userId)
}
