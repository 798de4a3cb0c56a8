import type { App } from '../../apps/apps.ts'
import type { Runtime } from '../../config/runtime.ts'
import { OAuthError } from '../../http/errors.ts'
import { findAuthorizationCode } from '../../store/queries/authorization-codes.ts'
import { type DeviceRequestRow, putDevicePoll } from '../../store/queries/device-requests.ts'
import { retryOnConflict } from '../../store/store.ts'
import { findByDeviceCode, isPending } from '../device-request.ts'
import { redeemCode } from './authorization-code.ts'
import { type Grant, requireParameter } from './grant.ts'

const SECOND = 1000
const SLOWEST = 60 * SECOND

/**
 * A device asks whether it is allowed (RFC 8628 section 3.4). Once it is, its code is exchanged like an authorization code, and a
 * second use ends what the first gave.
 * @throws {OAuthError} `authorization_pending`, `slow_down`, `access_denied`, `expired_token`, `invalid_grant`
 */
export const exchangeDeviceCode: Grant = async (runtime, app, form, jkt) => {
  const request = await findOwnRequest(runtime, app, requireParameter(form, 'device_code'))
  if (request.denied_at !== null) throw new OAuthError('access_denied', 'The user did not allow the app.')
  if (request.company_id === null) return wait(runtime, request)
  return retryOnConflict(async () => {
    const code = await findAuthorizationCode(runtime.store, request.company_id!, request.device_code_hash)
    if (!code) throw new OAuthError('invalid_grant', 'What the user allowed was removed since.')
    return redeemCode(runtime, app, code, { resource: form.get('resource'), jkt })
  })
}

async function findOwnRequest(runtime: Runtime, app: App, deviceCode: string): Promise<DeviceRequestRow> {
  const request = await findByDeviceCode(runtime, deviceCode)
  if (request?.client_id === app.clientId) return request
  throw new OAuthError('invalid_grant', 'The device code is unknown or belongs to another client.')
}

/** Who asks too often must wait longer from then on (section 3.5). */
async function wait(runtime: Runtime, request: DeviceRequestRow): Promise<never> {
  const { store, clock } = runtime
  if (!isPending(runtime, request)) throw new OAuthError('expired_token', 'The device code has expired. Begin again.')
  const { polled_at, poll_interval } = request
  const now = clock()
  const isTooSoon = polled_at !== null && Math.abs(now - polled_at) < poll_interval
  const next = isTooSoon ? Math.min(poll_interval + 5 * SECOND, SLOWEST) : poll_interval
  // Who is as slow as can be asked for costs no more writes.
  if (!isTooSoon || next > poll_interval) await store.write([putDevicePoll(store, request, now, next)])
  if (isTooSoon) throw new OAuthError('slow_down', `Wait ${next / SECOND} seconds between two requests.`)
  throw new OAuthError('authorization_pending', 'The user has not decided yet.')
}
