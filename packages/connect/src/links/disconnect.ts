import { ConnectError } from '../errors.ts'
import type { Id } from '../ids.ts'
import type { Kit } from '../options.ts'
import type { StoredLink } from '../store/store.ts'
import { leaseOf, pauseBeforeLook, underLease } from '../store/wait-for-lease.ts'
import { openTokens } from '../tokens/vault.ts'
import { keyOf, type LinkReference, requireLink } from './links.ts'

const TIMEOUT = 30_000

/**
 * Ends a link from the app's side: the provider uninstalls the app for that user at that company, the tokens are erased.
 * A link that was ended before stays so.
 * @throws {ConnectError} `link_missing`; `provider_unavailable`, with nothing changed, when the provider does not answer
 */
export async function disconnect(kit: Kit, reference: LinkReference<Id>): Promise<void> {
  await withLease(kit, reference, async link => {
    if (link.tokens === null) return
    await revoke(kit, { ...link, tokens: link.tokens })
    for (let base: StoredLink | undefined = link; base?.tokens != null; base = await kit.store.findLink(base)) {
      const ended: StoredLink = {
        ...base,
        status: 'disconnected',
        notice: null,
        tokens: null,
        tokensExpireAt: null,
        updatedAt: kit.clock(),
        version: base.version + 1,
      }
      if (await kit.store.replaceLink(ended)) return
    }
  })
}

/** Deletes a link altogether, after disconnecting it: for an account that is deleted. */
export async function forget(kit: Kit, reference: LinkReference<Id>): Promise<void> {
  await disconnect(kit, reference)
  for (;;) {
    const link = await kit.store.findLink(keyOf(kit, reference))
    if (!link || (await kit.store.deleteLink(link, link.version))) return
  }
}

async function revoke(kit: Kit, link: StoredLink & { tokens: string }): Promise<void> {
  const { accessToken, refreshToken } = await openTokens(kit.keyring, link)
  await kit.oauth.revoke(refreshToken ?? accessToken)
}

async function withLease(
  kit: Kit,
  reference: LinkReference<Id>,
  work: (link: StoredLink) => Promise<void>,
): Promise<void> {
  const deadline = performance.now() + TIMEOUT
  for (let attempt = 0; performance.now() < deadline; attempt++) {
    const run = () => requireLink(kit, reference).then(work)
    if (await underLease(kit.store, leaseOf(keyOf(kit, reference)), run)) return
    await pauseBeforeLook(attempt)
  }
  throw new ConnectError('provider_unavailable', 'This link has been busy for too long; try again.')
}
