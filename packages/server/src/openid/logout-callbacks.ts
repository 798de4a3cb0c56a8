import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { type App, findRegisteredApp } from '../apps/apps.ts'
import { publicFacts, TIME_LIMIT } from '../apps/callback-attempts.ts'
import type { CallbackKind } from '../apps/callback-kind.ts'
import type { Runtime } from '../config/runtime.ts'
import { type OutboundAnswer, send } from '../http/outbound/send.ts'
import { logoutQueue } from '../store/queries/callback-queue.ts'
import { ALL_SESSIONS, type LogoutCallbackRow } from '../store/queries/openid-sessions.ts'
import { inNewTrace } from '../tracing/spans.ts'
import { currentSigningKey } from './signing-keys.ts'
import { formatSubject } from './subject.ts'

/** Seconds: each attempt has a token of its own. */
const LIFETIME = 120
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** A logout token for each app that someone signed in to within a session that ended (OpenID Connect Back-Channel Logout). */
export const logoutCallbacks: CallbackKind<LogoutCallbackRow> = {
  name: 'logout callback',
  queue: logoutQueue,
  keepsGivenUp: false,
  call: callApp,
}

async function callApp(
  runtime: Runtime,
  callback: LogoutCallbackRow,
  stopping: AbortSignal,
): Promise<OutboundAnswer | undefined> {
  const app = await findRegisteredApp(runtime, callback.client_id)
  const url = app?.backchannelLogoutUrl
  if (!app || !url) return undefined
  const logoutToken = await issueLogoutToken(runtime, app, callback)
  const { localCallbacks, outboundProxy } = runtime.settings
  const attributes = {
    'http.request.method': 'POST',
    'server.address': new URL(url).hostname,
    'tenantry.client_id': app.clientId,
  }
  return inNewTrace('logout callback', attributes, () =>
    send(
      {
        url,
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ logout_token: logoutToken }).toString(),
        signal: AbortSignal.any([AbortSignal.timeout(TIME_LIMIT), stopping]),
      },
      { localAllowed: localCallbacks, proxy: outboundProxy },
    ),
  )
}

/** Section 2.4. It has a type of its own and no nonce, so that it passes for no ID token. */
async function issueLogoutToken(runtime: Runtime, app: App, callback: LogoutCallbackRow): Promise<string> {
  const { company_id: companyId, user_id: userId } = publicFacts(callback)
  const { keyId, privateKey } = await currentSigningKey(runtime, app.idTokenAlgorithm)
  const now = Math.floor(runtime.clock() / 1000)
  return new SignJWT({ events: { [EVENT]: {} }, ...(callback.sid !== ALL_SESSIONS && { sid: callback.sid }) })
    .setProtectedHeader({ alg: app.idTokenAlgorithm, kid: keyId, typ: 'logout+jwt' })
    .setIssuer(runtime.settings.origin)
    .setSubject(formatSubject({ companyId, userId }))
    .setAudience(app.clientId)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + LIFETIME)
    .sign(privateKey)
}
