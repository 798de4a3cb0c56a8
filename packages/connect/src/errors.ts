/** What went wrong, for a program to tell apart. */
export type ConnectErrorCode =
  | 'configuration_invalid'
  | 'link_missing'
  | 'link_belongs_to_another_account'
  | 'link_needs_consent'
  | 'account_not_proved'
  | 'link_refused'
  | 'needs_reauthorization'
  | 'disconnected'
  | 'provider_unavailable'
  | 'store_unavailable'
  | 'provider_refused'
  | 'answer_invalid'
  | 'host_not_allowed'
  | 'flow_invalid'
  | 'flow_used'
  | 'return_to_invalid'
  | 'denied'
  | 'tokens_unreadable'

/** Everything that the kit refuses or cannot do; `code` says which, the message what to do about it. */
export class ConnectError extends Error {
  override name = 'ConnectError'
  readonly code: ConnectErrorCode
  /** Seconds after which trying again makes sense, where the provider said so. */
  readonly retryAfter: number | undefined

  constructor(
    code: ConnectErrorCode,
    message: string,
    options: ErrorOptions & { retryAfter?: number | undefined } = {},
  ) {
    super(message, options)
    this.code = code
    this.retryAfter = options.retryAfter
  }
}

/**
 * Whether an error is the kit's, with one of these codes if any are given.
 * @example
 * ```ts
 * import { ConnectError, isConnectError } from '@tenantry/connect'
 * try {
 *   throw new ConnectError('link_missing', 'There is no such link.')
 * } catch (error) {
 *   if (isConnectError(error, 'link_missing', 'needs_reauthorization')) console.log(error.code)
 * }
 * ```
 */
export function isConnectError(error: unknown, ...codes: ConnectErrorCode[]): error is ConnectError {
  return error instanceof ConnectError && (codes.length === 0 || codes.includes(error.code))
}
