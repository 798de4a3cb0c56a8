import type { App } from '../apps/apps.ts'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { OAuthError } from '../http/errors.ts'
import { readOAuthForm } from '../http/form.ts'
import { PageError } from '../pages/error-page.ts'
import { AuthorizationError } from './authorization-answer.ts'
import { checkDeviceRequest } from './authorization-request.ts'
import { authenticateClient } from './client-authentication.ts'
import { DEVICE_LIFETIME, keepDeviceRequest, POLL_INTERVAL } from './device-request.ts'
import { parametersOf } from './par.ts'
import { refuseSecretsInQuery } from './token.ts'

/** `POST /oauth/device_authorization` (RFC 8628 section 3.1): a device asks to be allowed on another screen. */
export const authorizeDevice: RouteHandler = async c => {
  refuseSecretsInQuery(c)
  const form = await readOAuthForm(c)
  const app = await authenticateClient(c, form)
  if (!app.deviceFlow) throw new OAuthError('unauthorized_client', 'This app may not use the device flow.')
  const query = await checkedQuery(c, app)
  const { deviceCode, userCode } = await keepDeviceRequest(c.var.runtime, app.clientId, query)
  const page = `${c.var.runtime.settings.origin}/device`
  return c.json({
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: page,
    verification_uri_complete: `${page}?user_code=${userCode}`,
    expires_in: DEVICE_LIFETIME,
    interval: POLL_INTERVAL,
  })
}

/** What it asks for, as its person will be asked. */
async function checkedQuery(c: RequestContext, app: App): Promise<string> {
  const query = await parametersOf(c, app)
  try {
    await checkDeviceRequest(c.var.runtime, query)
    return query
  } catch (error) {
    if (error instanceof AuthorizationError) throw new OAuthError(error.code, error.description)
    if (error instanceof PageError) throw new OAuthError('invalid_request', 'The request is malformed.')
    throw error
  }
}
