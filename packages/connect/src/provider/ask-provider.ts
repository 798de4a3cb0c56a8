import * as oauth from 'oauth4webapi'
import { ConnectError } from '../errors.ts'
import { retryAfterSeconds } from './retry-after.ts'

/** Classifies failures: those to try again, those that only the user can fix, those that only the developer can. */
export async function askProvider<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    if (cause instanceof ConnectError) throw cause
    if (cause instanceof oauth.ResponseBodyError) {
      const description = cause.error_description ? `: ${cause.error_description}` : ''
      if (cause.error === 'invalid_grant') {
        throw new ConnectError('needs_reauthorization', `The provider refused the grant${description}`, { cause })
      }
      throw refused(`${cause.error}${description}`, cause)
    }
    if (cause instanceof oauth.WWWAuthenticateChallengeError) throw refused(`it answered ${cause.status}`, cause)
    if (cause instanceof oauth.OperationProcessingError || cause instanceof SyntaxError) {
      throw new ConnectError('provider_unavailable', `The provider's answer cannot be used: ${cause.message}`, {
        cause,
      })
    }
    throw new ConnectError('provider_unavailable', 'The provider cannot be reached.', { cause })
  }
}

/** @throws {ConnectError} `provider_unavailable` for an answer that says: later */
export function requireServed(response: Response): void {
  if (response.status < 500 && response.status !== 429 && response.status !== 408) return
  throw new ConnectError('provider_unavailable', `The provider answered ${response.status}.`, {
    retryAfter: retryAfterSeconds(response.headers, Date.now()),
  })
}

export function refused(reason: string, cause?: unknown): ConnectError {
  return new ConnectError(
    'provider_refused',
    `The provider refused the app: ${reason}. Check its client id, secret and redirect URI.`,
    {
      cause,
    },
  )
}
