import { timingSafeEqual } from 'node:crypto'
import type { Runtime } from '../config/runtime.ts'
import { isTooFarAhead } from '../store/clock-skew.ts'
import { findResourceServerByClient, type ResourceServerRow } from '../store/queries/resource-servers.ts'
import { hashSecret } from '../tokens/token-text.ts'

const NO_HASH = new Uint8Array(32)
const MAX_OVERLAP = 90 * 24 * 3600 * 1000

/** Whether a client id is one that resource servers have; apps have others unless an operator chose it. */
export function mayBeResourceServer(clientId: string): boolean {
  return /^rs-[0-9a-f]{16}$/.test(clientId)
}

/** The resource server with this client id and secret; the time it takes tells nothing. */
export async function findAuthenticatedResourceServer(
  { store, clock }: Runtime,
  clientId: string,
  secret: string,
): Promise<ResourceServerRow | undefined> {
  const server = await findResourceServerByClient(store, clientId)
  const given = hashSecret(secret)
  const isCurrent = timingSafeEqual(given, server?.secret_hash ?? NO_HASH)
  const isEarlier = timingSafeEqual(given, server?.earlier_secret_hash ?? NO_HASH)
  const until = server?.earlier_secret_until ?? 0
  const now = clock()
  const isStillAccepted = until > now && !isTooFarAhead(until, now, MAX_OVERLAP)
  return isCurrent || (isEarlier && isStillAccepted) ? server : undefined
}
