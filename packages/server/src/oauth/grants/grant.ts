import type { App } from '../../apps/apps.ts'
import type { Runtime } from '../../config/runtime.ts'
import { OAuthError } from '../../http/errors.ts'
import type { Parameters } from '../../http/form.ts'
import type { RefreshReading } from '../../store/queries/refresh-reading.ts'
import type { IssuedTokens } from '../../tokens/issue.ts'

/**
 * Turns what a client presents into tokens.
 * @param ahead what was read of a refresh token with its app
 * @param jkt the thumbprint of the key that the request was proved with (RFC 9449); null where it came without a proof
 */
export type Grant = (
  runtime: Runtime,
  app: App,
  form: Parameters,
  jkt: string | null,
  ahead?: RefreshReading,
) => Promise<IssuedTokens>

/** @throws {OAuthError} `invalid_request` where a parameter that the grant needs is missing */
export function requireParameter(form: Parameters, name: string): string {
  const value = form.get(name)
  if (value === undefined) throw new OAuthError('invalid_request', `Missing parameter: ${name}.`)
  return value
}
