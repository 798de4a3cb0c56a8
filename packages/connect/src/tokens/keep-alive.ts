import { isConnectError } from '../errors.ts'
import type { Kit } from '../options.ts'
import type { LinkKey } from '../store/store.ts'
import type { FreshTokens } from './fresh-tokens.ts'

const PAGE = 100
const DAY = 24 * 3600 * 1000
/** Half of the 60 days after which an unused refresh token is dead. */
const IDLE = 30 * DAY

export interface KeepAliveOptions {
  /** Links whose tokens were not refreshed for so long, in milliseconds; 30 days unless said. */
  idleFor?: number
}

export interface KeepAliveResult {
  refreshed: number
  /** The provider refused them: their users must allow the app again. */
  refused: number
  /** To be tried again by the next run. */
  failed: number
}

/** Refreshes tokens of links that were not used for long, before they expire at the provider. For a daily job. */
export async function keepAlive(
  kit: Kit,
  freshTokens: FreshTokens,
  { idleFor = IDLE }: KeepAliveOptions = {},
): Promise<KeepAliveResult> {
  const result: KeepAliveResult = { refreshed: 0, refused: 0, failed: 0 }
  let after: LinkKey | undefined
  for (;;) {
    const links = await kit.store.pageLinks(kit.provider.name, after, PAGE, kit.ids)
    for (const link of links.filter(each => each.status === 'active' && each.updatedAt <= kit.clock() - idleFor)) {
      try {
        const { tokens } = await freshTokens.get(link)
        // One that was not about to end is refreshed all the same.
        const { link: now } = await freshTokens.get(link)
        if (now.updatedAt <= kit.clock() - idleFor) await freshTokens.get(link, tokens.accessToken)
        result.refreshed += 1
      } catch (error) {
        if (isConnectError(error, 'needs_reauthorization', 'disconnected', 'link_missing')) result.refused += 1
        else {
          result.failed += 1
          kit.onError(error, crypto.randomUUID().slice(0, 8))
        }
      }
    }
    if (links.length < PAGE) return result
    after = links.at(-1)
  }
}
