import type { IdKind } from '../ids.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { LinkKey, LinkStore } from '../store/store.ts'
import { contextOf } from './vault.ts'

export interface RewrapProgress {
  /** Links looked at so far. */
  seen: number
  /** Links whose tokens are now under the current key. */
  rewrapped: number
  /** Links whose tokens no key opens; they are left as they are. */
  unreadable: number
}

const PAGE = 200

/**
 * Encrypts all tokens of a provider's links under the current key, so that earlier keys can be thrown away. It can be
 * broken off and run again, while the app runs.
 */
export async function rewrapTokens(
  store: LinkStore,
  keyring: Keyring,
  provider: { name: string; ids: IdKind },
  onProgress: (progress: RewrapProgress) => void = () => {},
): Promise<RewrapProgress> {
  const progress: RewrapProgress = { seen: 0, rewrapped: 0, unreadable: 0 }
  let after: LinkKey | undefined
  for (;;) {
    const page = await store.pageLinks(provider.name, after, PAGE, provider.ids)
    for (const link of page) {
      progress.seen++
      const outcome = await rewrapLink(store, keyring, link)
      if (outcome !== 'current') progress[outcome]++
    }
    onProgress({ ...progress })
    if (page.length < PAGE) return progress
    after = page.at(-1)
  }
}

async function rewrapLink(
  store: LinkStore,
  keyring: Keyring,
  key: LinkKey,
): Promise<'current' | 'rewrapped' | 'unreadable'> {
  for (;;) {
    const link = await store.findLink(key)
    if (!link?.tokens || (await keyring.isSealedByCurrent(link.tokens))) return 'current'
    let text: string
    try {
      text = await keyring.open(link.tokens, contextOf(link))
    } catch {
      return 'unreadable'
    }
    const tokens = await keyring.seal(text, contextOf(link))
    // Not written where the app refreshed at this moment: its new tokens are looked at then.
    if (await store.replaceLink({ ...link, tokens, version: link.version + 1 })) return 'rewrapped'
  }
}
