import { countUse } from '../apps/app-uses.ts'
import type { App } from '../apps/apps.ts'
import type { PageContext } from '../http/environment.ts'
import type { DeviceRequestRow } from '../store/queries/device-requests.ts'
import { parseToken } from '../tokens/token-text.ts'
import { refuseDevice } from './device-request.ts'

/** Where answers go, once it is known to be safe. */
export interface AnswerTarget {
  app: App
  redirectUri: string
  /** As it stood in the query, still percent-encoded, so that it goes back unchanged whatever it holds. */
  rawState: string | undefined
  /** Where a device waits for the answer (RFC 8628): it gets it when it asks, and the person sees a page. */
  device?: DeviceRequestRow | undefined
}

/** An error that goes back to the app by redirect (RFC 6749 section 4.1.2.1). */
export class AuthorizationError extends Error {
  override name = 'AuthorizationError'
  readonly target: AnswerTarget
  readonly code: string
  readonly description: string

  constructor(target: AnswerTarget, code: string, description: string) {
    super(`${code}: ${description}`)
    this.target = target
    this.code = code
    this.description = description
  }
}

export function respondWithCode(c: PageContext, target: AnswerTarget, code: string) {
  countUse(c.var.runtime, parseToken(code)!.companyId, target.app.clientId, 'signIns')
  if (target.device) return c.redirect('/device/allowed', 303)
  return answer(c, target, { code })
}

export function respondWithError(c: PageContext, { target, code, description }: AuthorizationError) {
  return answerError(c, target, code, description)
}

/** The person said no. Pipedrive has its own word for it. */
export function respondDenied(c: PageContext, target: AnswerTarget) {
  const error = target.app.profile === 'pipedrive' ? 'user_denied' : 'access_denied'
  return answerError(c, target, error, 'The user did not allow the app.')
}

async function answerError(c: PageContext, target: AnswerTarget, error: string, description: string) {
  if (!target.device) return answer(c, target, { error, error_description: description })
  await refuseDevice(c.var.runtime, target.device)
  return c.redirect('/device/denied', 303)
}

function answer(c: PageContext, target: AnswerTarget, parameters: Record<string, string>) {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  if (target.rawState !== undefined) pairs.push(`state=${target.rawState}`)
  // RFC 9207. Pipedrive sends none, and its clients refuse unexpected parameters.
  if (target.app.profile !== 'pipedrive') pairs.push(`iss=${encodeURIComponent(c.var.runtime.settings.origin)}`)
  const separator = target.redirectUri.includes('?') ? '&' : '?'
  c.header('Cache-Control', 'no-store')
  // After a POST 303: a 307 would send the password on (RFC 9700 section 4.12).
  return c.redirect(target.redirectUri + separator + pairs.join('&'), c.req.method === 'POST' ? 303 : 302)
}
