import type { LinkKey, LinkStore, StoredLink } from './store.ts'

/** Keeps links in this process's memory: for tests. They are gone when it ends. */
export function memoryStore(): LinkStore {
  const links = new Map<string, StoredLink>()
  const leases = new Map<string, { holder: string; until: number }>()
  return {
    findLink: async key => copy(links.get(nameOf(key))),
    listLinks: async (provider, accountId) =>
      [...links.values()]
        .filter(link => link.provider === provider && link.accountId === accountId)
        .sort((a, b) => a.installedAt - b.installedAt || compareKeys(a, b))
        .map(link => ({ ...link })),
    pageLinks: async (provider, after, limit) =>
      [...links.values()]
        .filter(link => link.provider === provider && (!after || compareKeys(link, after) > 0))
        .sort(compareKeys)
        .slice(0, limit)
        .map(link => ({ ...link })),
    async insertLink(link) {
      if (links.has(nameOf(link))) return false
      links.set(nameOf(link), { ...link })
      return true
    },
    async replaceLink(link) {
      if (links.get(nameOf(link))?.version !== link.version - 1) return false
      links.set(nameOf(link), { ...link })
      return true
    },
    async deleteLink(key, version) {
      return links.get(nameOf(key))?.version === version && links.delete(nameOf(key))
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

function nameOf({ provider, companyId, userId }: LinkKey): string {
  return `${companyId}:${userId}:${provider}`
}

function compareKeys(a: LinkKey, b: LinkKey): number {
  return a.companyId - b.companyId || a.userId - b.userId
}
