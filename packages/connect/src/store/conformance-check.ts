import type { LinkKey, LinkStore, StoredLink } from './store.ts'

/** One promise of a store; `run` throws if the store breaks it. */
export interface ConformanceCheck {
  name: string
  run(store: LinkStore): Promise<void>
}

interface Bench {
  store: LinkStore
  provider: string
  key: LinkKey
  lease: string
  link(fields: Partial<StoredLink>): StoredLink
}

export function textIdCheck(name: string, promise: (bench: Bench) => Promise<void>): ConformanceCheck {
  return check(name, promise, true)
}

export function check(name: string, promise: (bench: Bench) => Promise<void>, hasTextIds = false): ConformanceCheck {
  return {
    name,
    async run(store) {
      const provider = `conformance-${crypto.randomUUID()}`
      const lease = `${provider} lease`
      const key = { provider, companyId: 1, userId: 1 }
      const link = (fields: Partial<StoredLink>): StoredLink => ({ ...example, ...key, ...fields })
      try {
        await promise({ store, provider, key, lease, link })
      } finally {
        const left = await Promise.all([
          store.pageLinks(provider, undefined, 1000),
          hasTextIds ? store.pageLinks(provider, undefined, 1000, 'text') : [],
        ])
        for (const link of left.flat()) await store.deleteLink(link, link.version)
        for (const holder of ['a', 'b', ...Array.from({ length: 20 }, (_, index) => String(index))]) {
          await store.releaseLease(lease, holder)
        }
      }
    },
  }
}

const example: Omit<StoredLink, keyof LinkKey> = {
  accountId: 'account',
  status: 'active',
  notice: 'uninstalled',
  identity: '{"name":"James Bond"}',
  scope: 'base users:read',
  apiDomain: 'https://api.example',
  tokens: 'v1.sealed',
  tokensExpireAt: 1_800_000_000_123,
  installedAt: 1_700_000_000_123,
  updatedAt: 1_700_000_000_456,
  version: 1,
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}

/** Compares what is JSON, whatever the order of keys. */
export function same(found: unknown, expected: unknown): void {
  const [a, b] = [inOrder(found), inOrder(expected)]
  if (a !== b) throw new Error(`expected ${b}, found ${a}`)
}

function inOrder(value: unknown): string {
  return (
    JSON.stringify(value, (_, part) =>
      part && typeof part === 'object' && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? 'nothing'
  )
}
