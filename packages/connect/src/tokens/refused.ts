import { ConnectError } from '../errors.ts'
import type { StoredLink } from '../store/store.ts'

/** @throws {ConnectError} `needs_reauthorization`, `disconnected` */
export function requireTokens(link: StoredLink): StoredLink & { tokens: string } {
  if (link.status === 'needs_reauthorization') throw needsReauthorization('The provider refused to refresh the tokens.')
  if (link.status !== 'active' || link.tokens === null) {
    throw new ConnectError(
      'disconnected',
      `User ${link.userId} at company ${link.companyId} is not connected any more (${link.status}).`,
    )
  }
  return { ...link, tokens: link.tokens }
}

const paused = new WeakSet<ConnectError>()

/** The provider's earlier refusal, for a caller that asks again too early. */
export function pausedError(error: ConnectError, seconds: number): ConnectError {
  const again = new ConnectError(error.code, error.message, { cause: error, retryAfter: seconds })
  paused.add(again)
  return again
}

export function isPaused(error: ConnectError): boolean {
  return paused.has(error)
}

export function needsReauthorization(reason: string): ConnectError {
  return new ConnectError('needs_reauthorization', `${reason} Ask the user to install the app again.`)
}
