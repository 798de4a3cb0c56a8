import { ConnectError } from '../errors.ts'
import type { Kit } from '../options.ts'
import { isAllowedHost } from '../provider/provider.ts'
import { retryAfterSeconds } from '../provider/retry-after.ts'
import type { LinkKey, StoredLink } from '../store/store.ts'
import type { Fresh, FreshTokens } from './fresh-tokens.ts'

/** How often a request is sent again after a 429. */
const RATE_LIMIT_RETRIES = 2

/**
 * Calls the provider's API as a link's user at their company. A path is on that company's API; an address must be on one
 * of the provider's hosts. After 401 it is sent once more with a refreshed token; after 429 when the provider said.
 * @throws {ConnectError} `host_not_allowed`, and what getting a token throws
 */
export async function authorizedFetch(
  kit: Kit,
  freshTokens: FreshTokens,
  key: LinkKey,
  target: string | URL,
  init: RequestInit = {},
): Promise<Response> {
  const { signal } = init
  const getFresh = (rejected?: string) => orAborted(freshTokens.get(key, rejected), signal)
  const send = async (fresh: Fresh) => {
    const headers = new Headers(init.headers)
    headers.set('Authorization', `Bearer ${fresh.tokens.accessToken}`)
    return kit.fetch(addressOf(kit, fresh.link, target), { ...init, headers })
  }
  let fresh = await getFresh()
  let response = await send(fresh)
  const canRepeat = !(init.body instanceof ReadableStream)
  if (response.status === 401 && canRepeat) {
    await response.body?.cancel()
    fresh = await getFresh(fresh.tokens.accessToken)
    response = await send(fresh)
  }
  for (let retry = 0; response.status === 429 && canRepeat && retry < RATE_LIMIT_RETRIES; retry++) {
    const seconds = retryAfterSeconds(response.headers, kit.clock())
    if (seconds === undefined || seconds * 1000 > kit.longestWait) break
    await response.body?.cancel()
    await kit.wait(seconds * 1000, signal ?? undefined)
    fresh = await getFresh()
    response = await send(fresh)
  }
  return response
}

/** A refresh is not broken off, since others may wait for it; who asked stops waiting. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return work
  work.catch(() => {})
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** @throws {ConnectError} `host_not_allowed` */
function addressOf(kit: Kit, link: StoredLink, target: string | URL): URL {
  const base = link.apiDomain ?? kit.provider.apiDomain
  const address = new URL(target, base)
  const isOnApi = address.origin === new URL(kit.provider.apiDomain).origin
  if (!isOnApi && !isAllowedHost(kit.provider, address)) {
    throw new ConnectError(
      'host_not_allowed',
      `${address.origin} is none of ${kit.provider.name}'s hosts: the user's token is not sent there.`,
    )
  }
  return address
}
