import type { App } from '../../apps/apps.ts'
import type { Runtime } from '../../config/runtime.ts'
import { OAuthError } from '../../http/errors.ts'
import type { Parameters } from '../../http/form.ts'
import type { IssuedTokens } from '../../tokens/issue.ts'

/** Turns what a client presents into tokens. */
export type Grant = (runtime: Runtime, app: App, form: Parameters) => Promise<IssuedTokens>

/** @throws {OAuthError} `invalid_request` where a parameter that the grant needs is missing */
export function requireParameter(form: Parameters, name: string): string {
  const value = form.get(name)
  if (value === undefined) throw new OAuthError('invalid_request', `Missing parameter: ${name}.`)
  return value
}
